"""A budget given to Snakemake: nothing starts if what is missing takes longer."""

from typing import Any

import pytest

FIGURE = "figures/fig1.pdf"


def test_over_budget_nothing_is_trained_and_no_lock_is_left(project: Any) -> None:
    said = project.snakemake(FIGURE, "--config", "budget=0.001min", code=6)
    assert said.splitlines()[-1].startswith("depthtransfer: ")
    assert f"{FIGURE} takes " in said
    assert "the budget is 0.001min" in said
    assert "Traceback" not in said
    assert project.stored() == set()
    wrong = project.snakemake(FIGURE, "--config", "budget=tenner", code=2)
    assert "'tenner' is not understood" in wrong.splitlines()[-1]


@pytest.mark.slow
def test_what_fits_is_built_and_what_is_stored_costs_nothing(built: Any) -> None:
    built.set_rates(0.25)
    assert "Here at most 0 " in built.snakemake(FIGURE, "--config", "budget=0min")
