"""A run that is stopped in the middle goes on with the same bits; a state that is not its own is never used."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from safetensors.torch import load_file, save_file

from depthtransfer.errors import StoreError
from depthtransfer.scaling import Optimizer
from depthtransfer.store.records import Record
from depthtransfer.sweeps import checkpoint, execution
from depthtransfer.sweeps.checkpoint import Checkpoints, StoppedError, Timer
from depthtransfer.sweeps.spec import RunSpec

from .tiny import TinyExecutor, run, spec

AUGMENTED = {"dataset": "colour", "crop_padding": 2, "flip": True, "rotation_degrees": 10.0, "warmup": 2}
PROBED = {"probe_steps": (0, 3, 6), "probe_images": 4, "probe_blocks": True}
VIT = {"patch_size": 8, "heads": 2}
RUNS = {
    "momentum, augmentation, probes": spec(momentum=0.9, weight_decay=0.01, **AUGMENTED, **PROBED),
    "AdamW": spec(optimizer=Optimizer.ADAMW, learning_rate=0.01, weight_decay=0.1, schedule="cosine", **AUGMENTED),
    "BatchNorm": spec(model="resnet18_bn", depth=4, momentum=0.9, **AUGMENTED, **PROBED),
    "transformer, Adam": spec(
        model="vit",
        width=8,
        depth=2,
        optimizer=Optimizer.ADAM,
        learning_rate=0.01,
        options=VIT,
        probe_streams=True,
        **AUGMENTED,
        **PROBED,
    ),
    "batches of another seed": spec(batch_seed=5, seed=2, **AUGMENTED),
    "two epochs": spec(steps=12, **AUGMENTED),
}


@pytest.fixture
def states(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "unfinished", "torch of this test")


def execute(
    wanted: RunSpec, states: Checkpoints, timer: Timer, on_progress: Callable = lambda step, loss: None
) -> Record:
    with mock.patch.object(execution, "provenance", return_value={}):
        return TinyExecutor().run(wanted, on_progress, states, timer)


def stop_after(step: int, wanted: RunSpec, states: Checkpoints) -> None:
    """Train some steps, then be asked to stop."""
    timer = Timer(every=1e-9)

    def ask(done: int, loss: float) -> None:
        timer.stopping = done == step

    with pytest.raises(StoppedError):
        execute(wanted, states, timer, ask)


def assert_same(record: Record, other: Record) -> None:
    assert record.specification == other.specification
    assert record.summary == other.summary
    assert record.series == other.series
    assert record.logits == other.logits


@pytest.mark.parametrize("wanted", RUNS.values(), ids=RUNS)
def test_a_stopped_run_goes_on_with_the_same_bits(wanted: RunSpec, states: Checkpoints) -> None:
    undisturbed = run(wanted)
    for step in sorted({1, wanted.steps // 2 + 1, wanted.steps - 1}):
        stop_after(step, wanted, states)
        (state,) = states.folder.iterdir()
        assert len(load_file(state)["history/loss"]) == step
    shown: list[int] = []
    record = execute(wanted, states, Timer(), lambda done, loss: shown.append(done))
    assert shown == [wanted.steps], "only the last step was left to do"
    assert record.provenance["resumed_at"] == wanted.steps - 1
    assert_same(record, undisturbed)


def test_a_killed_run_goes_on_from_its_last_state(states: Checkpoints) -> None:
    """Killed at any step; what was trained after the last state is trained again."""
    wanted = RUNS["momentum, augmentation, probes"]

    def killed(done: int, loss: float) -> None:
        if done == 4:
            raise MemoryError

    with pytest.raises(MemoryError):
        execute(wanted, states, Timer(every=1e-9), killed)
    assert len(load_file(states.path(wanted.key))["history/loss"]) == 3
    assert_same(execute(wanted, states, Timer()), run(wanted))


def test_a_divergence_comes_out_the_same(states: Checkpoints) -> None:
    wanted = spec(learning_rate=8.0, steps=30)
    undisturbed = run(wanted)
    step = undisturbed.summary["diverged_step"]
    assert step > 2, "it diverges at once, and nothing is tested"
    stop_after(step, wanted, states)
    assert_same(execute(wanted, states, Timer()), undisturbed)


def test_short_runs_leave_nothing(states: Checkpoints) -> None:
    execute(spec(), states, Timer())
    assert not states.folder.exists()
    timer = Timer(stopping=True)
    with pytest.raises(StoppedError):
        execute(spec(), states, timer)
    assert not states.folder.exists(), "a second of training is not worth a file"


@pytest.mark.parametrize("damaged", [b"x" * 999, lambda content: content[: len(content) // 2]])
def test_damaged_checkpoints_are_removed_and_the_run_starts_anew(
    damaged: Any, states: Checkpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = spec(momentum=0.9)
    stop_after(3, wanted, states)
    path = states.path(wanted.key)
    path.write_bytes(damaged(path.read_bytes()) if callable(damaged) else damaged)
    assert_same(execute(wanted, states, Timer()), run(wanted))
    assert not path.exists()
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{wanted.key}.safetensors is damaged" in line


def test_the_state_of_another_run_is_not_used(states: Checkpoints, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = spec(), spec(width=8)
    stop_after(3, one, states)
    states.path(one.key).rename(states.path(other.key))
    assert_same(execute(other, states, Timer()), run(other))
    assert "belongs to another run" in capsys.readouterr().err


@pytest.mark.parametrize("lost", ["model/blocks.0.weight", "optimizer/0/momentum_buffer", "draws"])
def test_a_state_that_does_not_fit_is_not_used(
    lost: str, states: Checkpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    """Intact, of the right run, and yet not one: as a program with other names of weights would have left it."""
    wanted = spec(momentum=0.9, **AUGMENTED)
    stop_after(3, wanted, states)
    state = states.load(wanted.key)
    assert state is not None
    name = lost if lost in state else next(name for name in state if name.startswith("model/"))
    state[f"{name}/other"] = state.pop(name)
    states.save(wanted.key, state)
    assert_same(execute(wanted, states, Timer()), run(wanted))
    assert "not the state of this run" in capsys.readouterr().err
    assert not states.path(wanted.key).exists()


def test_another_version_of_torch_starts_anew(states: Checkpoints, capsys: pytest.CaptureFixture[str]) -> None:
    stop_after(3, spec(), states)
    record = execute(spec(), replace(states, conditions="torch of tomorrow"), Timer())
    assert "resumed_at" not in record.provenance
    assert "begun with torch of this test" in capsys.readouterr().err


def test_a_file_without_our_header_is_not_used(states: Checkpoints) -> None:
    states.folder.mkdir()
    save_file({"model/x": torch.zeros(3)}, states.path("a" * 64))
    assert states.load("a" * 64) is None


def test_a_full_disk_costs_the_state_and_not_the_run(
    states: Checkpoints, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise StoreError(f"{path} cannot be written: No space left on device", "make room")

    monkeypatch.setattr(checkpoint, "write_atomic", full)
    assert_same(execute(spec(), states, Timer(every=1e-9)), run(spec()))
    assert "cannot be continued in the middle" in capsys.readouterr().err
