"""From a specification to a record: what runs share, what makes them differ, and that the same run is the same."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from depthtransfer.scaling import Scheme
from depthtransfer.sweeps import execution
from depthtransfer.sweeps.spec import RunSpec
from depthtransfer.training.process import make_deterministic

from . import tiny
from .tiny import dataset, exact_losses, run, spec

AUGMENTED = {"dataset": "colour", "crop_padding": 2, "flip": True, "rotation_degrees": 10.0}


def test_beta_of_root_depth_is_the_network_without_depth_scaling() -> None:
    """Bit by bit: beta / sqrt(L) is exactly 1 for this depth, and no learning rate knows beta or L."""
    depth = 9
    common = {"depth": depth, "momentum": 0.9, "weight_decay": 0.01, "learning_rate": 0.03, **AUGMENTED}
    scaled = run(spec(scheme=Scheme.MUP_SQRT_DEPTH, beta=math.sqrt(depth), **common))
    unscaled = run(spec(scheme=Scheme.MUP, beta=1.0, **common))
    other = run(spec(scheme=Scheme.MUP_SQRT_DEPTH, beta=1.0, **common))
    assert len(scaled.series["loss"]) == 6
    assert exact_losses(scaled) == exact_losses(unscaled)
    assert exact_losses(scaled) != exact_losses(other)


def test_the_same_run_gives_the_same_bits_here_and_in_another_process() -> None:
    wanted = spec(**AUGMENTED, momentum=0.9)
    here = exact_losses(run(wanted))
    assert exact_losses(run(wanted)) == here
    done = subprocess.run(
        [sys.executable, tiny.__file__, json.dumps(wanted.fields())],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert json.loads(done.stdout) == here


def test_global_random_numbers_have_no_part() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first = exact_losses(run(spec(**AUGMENTED)))
        torch.manual_seed(2)
        assert exact_losses(run(spec(**AUGMENTED))) == first


def recorded(wanted: RunSpec, monkeypatch: pytest.MonkeyPatch) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The batches that a run was given."""
    seen = []
    original: Callable = execution.batches

    def recording(*arguments, **options):
        for batch in original(*arguments, **options):
            seen.append(batch)
            yield batch

    with monkeypatch.context() as patch:
        patch.setattr(execution, "batches", recording)
        run(wanted)
    return seen


@pytest.mark.parametrize("change", [{"learning_rate": 0.01}, {"scheme": Scheme.SP}, {"depth": 6, "width": 2}])
def test_batches_are_common_to_all_runs_of_a_seed(change: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    first = recorded(spec(**AUGMENTED), monkeypatch)
    second = recorded(spec(**{**AUGMENTED, **change}), monkeypatch)
    assert len(first) == len(second) == 6
    for (images, labels), (other_images, other_labels) in zip(first, second, strict=True):
        assert torch.equal(images, other_images)
        assert torch.equal(labels, other_labels)
    third = recorded(spec(**AUGMENTED, seed=1), monkeypatch)
    assert not torch.equal(third[0][0], first[0][0])


def test_initial_weights_are_common_to_all_learning_rates() -> None:
    declaration = dataset("grey").declaration
    first, second, other = (
        execution.network(wanted, declaration).state_dict()
        for wanted in (spec(), spec(learning_rate=3.0, steps=2, momentum=0.9), spec(seed=1))
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)
    assert run(spec()).series["loss"][0] == run(spec(learning_rate=3.0)).series["loss"][0]


def test_a_diverging_run_is_a_record() -> None:
    record = run(spec(scheme=Scheme.SP, learning_rate=1e6, steps=30))
    assert record.summary["status"] == "diverged"
    step = record.summary["diverged_step"]
    assert 1 <= step < 29
    assert [len(values) for values in record.series.values()] == [step + 1] * 3


def test_a_record_says_what_was_asked_for_and_what_came_out() -> None:
    wanted = spec(schedule="cosine", warmup=2)
    record = run(wanted)
    assert record.specification == wanted.canonical()
    assert record.key == wanted.key
    assert record.summary.items() >= {"status": "ok", "diverged_step": None, "device": "cpu"}.items()
    assert record.summary.keys() - {"status", "diverged_step", "device"} == {"test_loss", "test_accuracy"}
    assert record.series["learning_rate_factor"][:3] == [0.5, 1.0, 1.0]
    assert [len(values) for values in record.series.values()] == [6, 6, 6]
    assert record.provenance["seconds"] > 0


def test_bf16_is_another_run_close_to_this_one() -> None:
    exact, rounded = run(spec()), run(spec(precision="bf16"))
    assert exact_losses(exact) != exact_losses(rounded)
    assert rounded.series["loss"] == pytest.approx(exact.series["loss"], rel=0.01)


def test_deterministic_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    switches = cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32
    cudnn.benchmark = cudnn.allow_tf32 = matmul.allow_tf32 = True
    try:
        make_deterministic()
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.get_num_threads() == 1
        assert [cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32] == [False] * 3
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.set_num_threads(before[1])
        cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = switches


def test_a_run_ends_with_a_look_at_the_test_images_unless_it_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def noted(name: str, split: str = "train") -> tiny.Dataset:
        asked.append(split)
        return dataset(name)

    monkeypatch.setattr(tiny.TinyExecutor, "dataset", lambda self, name, split="train": noted(name, split))
    trained = run(spec()).summary
    assert asked == ["train", "test"]
    assert 0 < trained["test_loss"] < 10
    assert 0 <= trained["test_accuracy"] <= 1
    diverged = run(spec(learning_rate=1e6, steps=30)).summary
    assert diverged["status"] == "diverged"
    assert "test_loss" not in diverged
