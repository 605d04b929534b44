"""This machine timed: what is chosen, and how timings correct an estimate."""

from dataclasses import replace
from typing import Any

import pytest
from depthtransfer.pricing.calibration import Calibrated, Timed, chosen, corrected, family, measure

from depthtransfer.errors import UserError
from depthtransfer.pricing.machines import machine
from depthtransfer.sweeps.grid import Request, load_runs
from depthtransfer.sweeps.shards import TYPICAL


def request(**sizes: Any) -> Request:
    first = load_runs("smoke", "cnn_learning_rate").requests[0]
    return replace(first, spec=replace(first.spec, **sizes))


def test_every_architecture_is_timed_at_its_extremes() -> None:
    names = ("cnn_dynamics", "resnet18_bn_learning_rate", "vit_learning_rate")
    sweeps = [load_runs("smoke", name) for name in names]
    cells = chosen(each for sweep in sweeps for each in sweep.requests)
    assert {(c.spec.model, c.spec.width, c.spec.depth) for c in cells} >= {
        *(
            ("cnn", 8, 3),
            ("cnn", 8, 48),
            ("resnet18_bn", 4, 4),
            ("resnet18_bn", 4, 64),
            ("vit", 32, 2),
            ("vit", 32, 32),
        ),
    }
    assert len(cells) <= 10


def test_networks_of_long_steps_are_not_timed_where_there_are_others() -> None:
    sweep = load_runs("paper", "cnn_learning_rate")
    assert all(TYPICAL.seconds(each) / each.spec.steps <= 0.5 for each in chosen(sweep.requests))
    wide = [each for each in load_runs("paper", "cnn_dynamics").requests if each.spec.width == 256]
    assert [(each.spec.width, each.spec.depth) for each in chosen(wide)] == [(256, 3)]


def test_timings_count_by_nearness_and_within_their_family() -> None:
    small, large = request(width=8, depth=4), request(width=32, depth=64)
    timings = {family(small): [Timed(8, 4, 2.0), Timed(32, 64, 0.5)]}
    here = Calibrated(TYPICAL, timings)
    assert here.ratio(small) == pytest.approx(2.0)
    assert here.ratio(large) == pytest.approx(0.5)
    assert here.ratio(request(width=16, depth=16)) == pytest.approx(1.0)
    assert 0.5 < here.ratio(request(width=32, depth=32)) < 1.0 < here.ratio(request(width=8, depth=8)) < 2.0
    assert here.ratio(request(width=8, depth=4, model="vit")) == 1.0
    assert here.seconds(small) == pytest.approx(2.0 * TYPICAL.seconds(small))


def test_what_was_timed_is_estimated_as_timed() -> None:
    sweep = load_runs("paper", "cnn_learning_rate")
    cells = chosen(sweep.requests)
    for base in (TYPICAL, machine("a100").speed):
        steps = [0.1 * (index + 1) for index in range(len(cells))]
        here = corrected(base, cells, steps)
        assert [here.seconds(each) / each.spec.steps for each in cells] == pytest.approx(steps)
        largest = max(sweep.requests, key=lambda each: each.flops)
        assert here.seconds(largest) > max(map(here.seconds, cells))


def test_a_machine_is_timed(tiny_project: Any) -> None:
    sweep = load_runs("tiny", "cnn_learning_rate_sp")
    here = measure(sweep.requests, sweep.declarations, "cpu", 1)
    assert (here.name, here.gpu_bytes, here.decoding_threads) == ("here", None, 1)
    assert 0 < here.run_seconds < 5 < 2.1 + here.start_seconds < 120
    ratio = here.speed.seconds(sweep.requests[0]) / TYPICAL.seconds(sweep.requests[0])
    assert 0.1 < ratio < 50


def test_a_device_that_is_not_there_is_said_in_one_line(tiny_project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    sweep = load_runs("tiny", "cnn_learning_rate_sp")
    with pytest.raises(UserError, match=r"cannot be timed.*no GPU"):
        measure(sweep.requests, sweep.declarations, "cuda", 1)
