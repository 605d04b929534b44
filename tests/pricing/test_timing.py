"""This machine timed: what is chosen, and what comes out."""

from typing import Any

import pytest

from depthtransfer.errors import UserError
from depthtransfer.pricing.timing import chosen, measure
from depthtransfer.sweeps.grid import load_runs
from depthtransfer.sweeps.shards import TYPICAL

EXPERIMENT = "cnn_learning_rate_sp"


def test_every_architecture_is_timed_once_on_short_steps() -> None:
    names = ("cnn_dynamics", "resnet18_bn_learning_rate", "vit_learning_rate")
    cells = chosen(each for name in names for each in load_runs("smoke", name).requests)
    assert [cell.spec.model for cell in cells] == ["cnn", "resnet18_bn", "vit"]
    (large,) = chosen(load_runs("paper", "cnn_learning_rate").requests)
    assert TYPICAL.seconds(large) / large.spec.steps <= 0.5


def test_a_machine_is_timed(tiny_project: Any) -> None:
    sweep = load_runs("tiny", EXPERIMENT)
    here = measure(sweep.requests, sweep.declarations, "cpu", 1)
    assert (here.name, here.gpu_bytes, here.slowness.keys()) == ("here", None, {"cnn"})
    assert 0.05 < here.slowness["cnn"] < 100
    assert not (tiny_project.folder / "results").exists()


def test_a_device_that_is_not_there_is_said_in_one_line(tiny_project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    sweep = load_runs("tiny", EXPERIMENT)
    with pytest.raises(UserError, match=r"cuda.*no GPU"):
        measure(sweep.requests, sweep.declarations, "cuda", 1)
