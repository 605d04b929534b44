import math

import pytest

from depthtransfer.store.records import Record
from depthtransfer.studies.collect import table_rows
from depthtransfer.studies.solution import Inputs, solution
from depthtransfer.tables.columns import THEORY

ONE = Inputs.one_datum(1.0)
GIVEN = {"gamma0": 1.0, "learning_rate": 0.1, "updates": 2, "report": "final"}


def record(each, value, error=0.0, variance=math.nan, quantity="f", tau=math.nan):
    series = {
        "quantity": [quantity], "learning_rate": [0.1], "updates": [2], "tau": [tau], "mu": [0], "nu": [0],
        "value": [value], "standard_error": [error], "variance": [variance], "variance_error": [0.1 * variance],
    }  # fmt: skip
    return Record(each.specification, {"status": "ok"}, {}, series)


def table(*entries):
    asked = [each for each, _ in entries]
    records = {each.key: (found, "local") for each, found in entries}
    return table_rows("rates", asked, records)


def ensemble(first_seed, seeds, depth=4):
    return solution("final", "ensemble", ONE, width=8, depth=depth, first_seed=first_seed, seeds=seeds, **GIVEN)


def test_blocks_are_pooled_and_stand_beside_the_theory_of_their_depth():
    limit = solution("final", "descent", ONE, from_depths=(2, 4, 8), **GIVEN)
    exact = solution("final", "descent", ONE, depth=4, **GIVEN)
    one, other = ensemble(0, 30), ensemble(30, 10)
    rows = table(
        (limit, record(limit, 0.9)),
        (exact, record(exact, 0.8)),
        (one, record(one, 0.6, 0.03, 2.0)),
        (other, record(other, 1.0, 0.05, 4.0)),
    )
    assert all(set(row) == {column.name for column in THEORY} for row in rows)
    plain = {(row["width"], row["depth"]): row for row in rows if row["quantity"] == "f"}
    assert len(plain) == 3
    assert math.isnan(plain[math.inf, math.inf]["theory"])
    assert plain[math.inf, 4.0]["theory"] == 0.9
    pooled = plain[8.0, 4.0]
    assert pooled["theory"] == 0.8
    assert pooled["seeds"] == 40
    assert pooled["value"] == pytest.approx(0.7)
    assert pooled["standard_error"] == pytest.approx(math.hypot(0.75 * 0.03, 0.25 * 0.05))
    assert pooled["variance"] == pytest.approx(2.5)
    assert pooled["t"] == pytest.approx(0.2)


def test_the_loss_is_that_of_the_mean_predictor():
    one, other = ensemble(0, 8), ensemble(8, 8)
    rows = table((one, record(one, 0.6, 0.1, 1.0)), (other, record(other, 0.8, 0.1, 1.0)))
    (loss,) = [row for row in rows if row["quantity"] == "loss"]
    assert loss["value"] == pytest.approx(0.5 * 0.3**2)
    assert loss["standard_error"] == pytest.approx(0.3 * 0.1 / math.sqrt(2))
    assert math.isnan(loss["variance"])


def test_layer_times_match_beyond_rounding_and_depths_do_not_mix():
    limit = solution("final", "descent", ONE, from_depths=(2, 4, 8), **GIVEN)
    shallow, deep = (solution("final", "descent", ONE, depth=depth, **GIVEN) for depth in (3, 6))
    rows = table(
        (limit, record(limit, 2.0, quantity="H", tau=1 / 3)),
        (shallow, record(shallow, 1.5, quantity="H", tau=1 / 3)),
        (deep, record(deep, 1.7, quantity="H", tau=1 - 2 / 3)),
    )
    assert [row["theory"] for row in rows[1:]] == [2.0, 2.0]
    assert [row["value"] for row in rows] == [2.0, 1.5, 1.7]
