"""The registry itself: what every claim says, and verdicts from intervals."""

import re
from pathlib import Path

import numpy as np
import pytest

from depthtransfer.analysis.measured import UNKNOWN, Measured
from depthtransfer.claims import CLAIMS, Evidence, Verdict, judge_all
from depthtransfer.claims.verdict import Finding, Region, all_of
from depthtransfer.registry import FIGURES


def test_every_claim_of_the_list_is_there_once_and_in_order() -> None:
    ids = [claim.id for claim in CLAIMS]
    assert len(set(ids)) == len(ids)
    places = [(name[0], int(re.match(r"[ABCT](\d+)", name)[1])) for name in ids]  # type: ignore[index]
    assert places == sorted(places)
    assert {number for paper, number in places if paper == "A"} == set(range(1, 22))
    assert {number for paper, number in places if paper == "B"} == set(range(1, 14))
    assert {number for paper, number in places if paper == "C"} == set(range(1, 6))
    assert {number for paper, number in places if paper == "T"} == {1, 2, 3}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_says_what_it_needs_to(claim: object) -> None:
    for name in ("place", "statement", "statistic", "threshold", "reason"):
        assert getattr(claim, name), name
    assert all(re.fullmatch(r"\w+/\w+\.parquet", name) for name in claim.tables)  # type: ignore[attr-defined]


def test_a_preset_without_tables_has_run_nothing(tmp_path: Path) -> None:
    table = judge_all(Evidence(tmp_path))
    assert list(table["claim"]) == [claim.id for claim in CLAIMS]
    assert set(table["verdict"]) == {"not run"}
    assert table["missing"].str.len().min() > 0
    assert table["value"].isna().all()


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (Measured(0.0, 0.01), "reproduced"),
        (Measured(0.24, 0.01), "inconclusive"),
        (Measured(0.26, 0.01), "inconclusive"),
        (Measured(-1.0, 0.1), "not reproduced"),
        (Measured(0.0, 1.0), "inconclusive"),
        (Measured(-1.0, 0.1, bound="at_most"), "not reproduced"),
        (Measured(0.0, 0.01, bound="at_most"), "inconclusive"),
        (Measured(1.0, 0.1, bound="at_least"), "not reproduced"),
        (Measured(0.0, 0.0, bound="unknown"), "inconclusive"),
        (UNKNOWN, "inconclusive"),
    ],
)
def test_verdicts_of_an_interval(measured: Measured, verdict: str) -> None:
    assert Region(-0.25, 0.25).judge(measured).verdict == verdict


def test_few_degrees_of_freedom_decide_less() -> None:
    region = Region(-0.25, 0.25)
    assert region.judge(Measured(0.0, 0.05)).verdict is Verdict.REPRODUCED
    assert region.judge(Measured(0.0, 0.05, degrees=1.0)).verdict is Verdict.INCONCLUSIVE


def test_what_is_missing_is_said_only_where_nothing_is_decided() -> None:
    region = Region(high=0.0)
    assert region.judge(Measured(-1.0, 0.1), missing="seeds").missing == ""
    assert region.judge(Measured(-0.1, 0.1), missing="seeds").missing == "seeds"


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        (("reproduced", "reproduced"), "reproduced"),
        (("reproduced", "inconclusive"), "inconclusive"),
        (("inconclusive", "not reproduced"), "not reproduced"),
        (("not run", "reproduced"), "not run"),
    ],
)
def test_a_claim_of_parts_is_as_good_as_its_worst(verdicts: tuple[str, str], whole: str) -> None:
    parts = [Finding(Verdict(name), float(i), detail=f"{i}.") for i, name in enumerate(verdicts)]
    assert all_of(*parts).verdict == whole
    assert all_of(*parts).detail == "0. 1."


def test_figures_that_claims_name_have_names_of_figures() -> None:
    known = {*FIGURES, "fig6", "fig7", "rates"}
    assert {claim.figure for claim in CLAIMS} - {""} <= known


def test_the_interval_of_a_bound_is_open() -> None:
    assert Measured(1.0, 0.0, bound="at_most").interval(0.9) == (-np.inf, 1.0)
