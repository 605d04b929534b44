"""Tables of the theory's studies without solving anything: the plan is real, the values are simple formulas."""

import math
from typing import Any

import pandas as pd
from tests.studies.tiny import CONTENT

from depthtransfer.configuration import TheoryScale
from depthtransfer.figures.tables import StudyTable
from depthtransfer.store.records import SOLUTION, Record
from depthtransfer.studies.collect import table_rows
from depthtransfer.studies.ensembles import QUARTERS
from depthtransfer.studies.plan import solutions

SCALE = TheoryScale.model_validate(
    CONTENT | {"optimum": CONTENT["optimum"] | {"learning_rates": {"log2": [-5, -3, 0.5]}}}
)


def study_table(study: str, scale: TheoryScale = SCALE) -> StudyTable:
    """A table as `depthtransfer study` would write it, of made-up values."""
    asked = solutions(scale, study)
    records = {each.key: (_record(each.specification), "local") for each in asked}
    return StudyTable(pd.DataFrame(table_rows(study, asked, records)), "tiny")


def _record(specification: dict[str, Any]) -> Record:
    made_up = {"losses": _curve, "measured_optimum": _curve, "optimum": _motion}.get(specification["kind"], _values)
    rows = made_up(specification)
    series = {name: [row[name] for row in rows] for name, _ in SOLUTION.series}
    return Record(specification, {"status": "ok", "diverged_step": None}, {}, series)


def _row(specification: dict[str, Any], quantity: str, value: float, **more: Any) -> dict[str, Any]:
    finite = specification["width"] != "inf"
    rate = specification["learning_rate"]
    depth = math.inf if specification["depth"] == "inf" else specification["depth"]
    error = 0.3 / specification["width"] if finite else 0.0
    shown = value * (1 - 0.5 / depth) + error
    spread = 1 / specification["width"] if finite else math.nan
    place = {"updates": specification["updates"], "tau": math.nan, "mu": 0, "nu": 0, "learning_rate": rate} | more
    errors = {"standard_error": 0.2 * error, "variance": spread, "variance_error": 0.1 * spread}
    return {"quantity": quantity, "value": shown, **errors, **place}


def _values(specification: dict[str, Any]) -> list[dict[str, Any]]:
    updates = specification["updates"]
    profile = specification["kind"] in ("initial", "one_step") or specification["report"] == "profile"
    rows = []
    first = updates if specification.get("report") == "final" else 0
    for update in range(first, updates + 1):
        growth = 1 + 0.1 * specification["gamma0"] ** 2 * update
        if specification.get("report") == "quarters":
            rows += [_row(specification, "H", math.exp(tau) * growth, updates=update, tau=tau) for tau in QUARTERS]
            continue
        if not profile:
            rows += [
                _row(specification, "f", 1 - 0.5**update, updates=update),
                _row(specification, "H", 1.6 * growth, updates=update, tau=0.5),
                _row(specification, "ntk", 8 * growth, updates=update),
            ]
            continue
        depth = specification["depth"]
        for tau in specification["tau"] if depth == "inf" else [site / depth for site in range(depth + 1)]:
            for mu, nu, share in ((0, 0, 1.0), (0, 1, 0.3), (1, 1, 1.0))[: 1 + 2 * (updates == 0)]:
                given = {"updates": update, "tau": tau, "mu": mu, "nu": nu}
                rows.append(_row(specification, "H", share * math.exp(tau) * growth, **given))
                rows.append(_row(specification, "G", share * math.exp(1 - tau) * growth, **given))
                if updates:
                    rows.append(_row(specification, "dH", math.exp(tau) * (growth - 1), **given))
        rows.append(_row(specification, "ntk", 8 * growth, updates=update))
    return rows


def _curve(specification: dict[str, Any]) -> list[dict[str, Any]]:
    rates = specification["learning_rate"]
    rows = [_row(specification, "loss", 0.01 + (rate - 0.06) ** 2, learning_rate=rate) for rate in rates]
    if specification["kind"] == "measured_optimum":
        rows.append(_row(specification, "optimum", 0.06, learning_rate=0.06))
    return rows


def _motion(specification: dict[str, Any]) -> list[dict[str, Any]]:
    best = 0.08 / specification["beta"] ** 2 - 0.01 * specification["gamma0"]
    rows = [_row(specification, "optimum", best), _row(specification, "optimum_loss", 0.01)]
    if specification["derivatives"]:
        rows.append(_row(specification, "d_log_optimum_d_gamma0", -0.01 / best))
        rows.append(_row(specification, "d_log_optimum_d_beta", -2.0))
    return [{**row, "learning_rate": best} for row in rows]
