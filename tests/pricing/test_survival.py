"""Runs that diverge cost less than planned; stored runs say how much less."""

from typing import Any

import pytest
from depthtransfer.pricing.survival import as_stored

from depthtransfer.pricing.cost import job_cost
from depthtransfer.pricing.machines import machine
from depthtransfer.store.store import Store
from depthtransfer.sweeps.grid import load_runs

EXPERIMENT = "cnn_learning_rate_sp"


def test_without_stored_runs_nothing_is_taken_off(tiny_project: Any) -> None:
    sweep = load_runs("tiny", EXPERIMENT)
    share = as_stored(EXPERIMENT, Store(layers=()), sweep.requests)
    assert {share(request) for request in sweep.requests} == {1.0}


def test_the_share_is_that_of_the_steps_that_were_taken(trained_project: Any) -> None:
    """Three runs of three steps, of which one ends early; of another preset with longer runs the share is the same."""
    store = Store(layers=())
    sweep = load_runs("tiny", EXPERIMENT)
    steps = [len(record.series["loss"]) for record, _ in store.read(r.spec.key for r in sweep.requests).values()]
    assert sorted(steps)[1:] == [3, 3]
    assert min(steps) < 3
    trained_project.write_preset("longer", steps=50, seeds=[7])
    longer = load_runs("longer", EXPERIMENT)
    share = as_stored(EXPERIMENT, store, longer.requests)
    assert share(longer.requests[0]) == pytest.approx(sum(steps) / 9)


def test_what_is_likely_lies_below_what_is_needed_at_most(trained_project: Any) -> None:
    trained_project.write_preset("longer", steps=5000, seeds=[7])
    sweep = load_runs("longer", EXPERIMENT)
    cpu, share = machine("cpu"), as_stored(EXPERIMENT, Store(layers=()), sweep.requests)
    fixed = cpu.start_seconds + cpu.run_seconds * len(sweep.requests)
    most = job_cost(sweep.requests, sweep.declarations, cpu).seconds - fixed
    likely = job_cost(sweep.requests, sweep.declarations, cpu, share=share).seconds - fixed
    assert likely == pytest.approx(most * share(sweep.requests[0]))
