"""What a sweep with a known answer is said to show."""

import io
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.sweep_table.invented import sweep

import depthtransfer as dt


def moves(report: dt.Report) -> dict[str, str]:
    found = json.loads(report.as_json())["transfer"]
    return {row["scheme"]: row["moves"] for row in found}


def test_an_optimum_that_stays_and_one_that_moves_are_told_apart() -> None:
    table = sweep(
        lambda scheme, width: -6.0 - (0.5 * np.log2(width / 64) if scheme == "sp" else 0.0),
        schemes=("mup", "sp"),
        widths=(64, 128, 256, 512),
    )
    report = dt.report(table)
    assert moves(report) == {"mup": "stays", "sp": "left"}
    slope = report.transfer.set_index("scheme")["slope"]
    assert slope["sp"] == pytest.approx(-0.5, abs=0.05)
    assert slope["mup"] == pytest.approx(0.0, abs=0.05)
    assert (report.optima["low"] < report.optima["log2_optimum"]).all()
    costs = report.regret.set_index(["scheme", "width"])["regret"]
    assert costs["sp", 512] > 20 * abs(costs["mup", 512])


def test_json_has_four_parts_and_our_names() -> None:
    table = sweep().rename(columns={"width": "d_model", "loss": "val_loss", "lr": "peak_lr"})
    found = json.loads(dt.report(table).as_json())
    assert set(found) == {"optima", "transfer", "regret", "notes"}
    assert [(row["scheme"], row["width"], row["depth"]) for row in found["optima"]] == [
        ("mup", 64, None),
        ("mup", 256, None),
    ]
    assert all(row["low"] < row["log2_optimum"] < row["high"] and row["flags"] == [] for row in found["optima"])


def test_an_optimum_at_the_edge_is_a_bound_and_says_what_would_decide() -> None:
    table = sweep(lambda scheme, width: -6.0 if width == 64 else -14.0)
    large = json.loads(dt.report(table).as_json())["optima"][1]
    assert "edge_of_grid" in large["flags"]
    assert (large["low"], large["known"]) == (None, "at_most")
    assert large["add_values"][0] == pytest.approx(2.0**-11)
    assert "would decide" in large["verdict"]


def test_an_optimum_at_the_edge_of_every_grid_tells_nothing_of_transfer() -> None:
    report = dt.report(sweep(lambda scheme, width: -14.0))
    assert moves(report) == {"mup": "unknown"}
    assert any("edge of every grid" in note for note in report.notes)


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (sweep(grid=(-6.0,)), "a single value"),
        (sweep(diverges=-100.0), "everything diverged"),
        (sweep().assign(loss=1.5), "values far apart"),
        (sweep().assign(loss=lambda t: np.random.default_rng(1).uniform(1, 2, len(t))), "noise hides"),
    ],
)
def test_what_cannot_be_known_is_not_told(table: pd.DataFrame, what: str) -> None:
    row = json.loads(dt.report(table).as_json())["optima"][0]
    assert what in row["verdict"]
    assert row["log2_optimum"] is None or row["known"] == "unknown"


def test_an_optimum_that_rises_and_falls_again_is_no_power_law() -> None:
    hill = {1e8: -8.0, 4e8: -6.5, 16e8: -5.0, 64e8: -6.5, 256e8: -8.0}
    table = sweep(lambda _, tokens: hill[tokens], widths=tuple(hill)).rename(columns={"width": "tokens"})
    report = dt.report(table, over="tokens")
    (row,) = json.loads(report.as_json())["transfer"]
    assert row["power_law"] is False
    assert "rises and then falls" in row["verdict"]
    assert (row["over"], row["largest"]) == ("tokens", 256e8)
    straight = dt.report(sweep(lambda _, tokens: -6 - 0.5 * np.log2(tokens), widths=(1, 2, 4, 8)), over="width")
    assert json.loads(straight.as_json())["transfer"][0]["power_law"] is True


def test_seeds_that_are_not_everywhere_are_levelled_before_they_are_averaged() -> None:
    table = sweep(seeds=(0, 1, 2, 3))
    offset = table["seed"].map({0: 0.0, 1: 0.3, 2: 0.6, 3: 0.9})
    table["loss"] *= np.exp(offset)
    # The lucky seed alone at one value far from the optimum, as a search that was continued there leaves it.
    ragged = table[(table["seed"] == 0) | (np.log2(table["lr"]) < -4.5)]
    row = dt.report(ragged).optima.iloc[0]
    assert row["log2_optimum"] == pytest.approx(-6.0, abs=0.2)


def test_pairing_seeds_narrows_intervals() -> None:
    table = sweep(noise=0.002)
    table["loss"] *= np.exp(table["seed"].map({0: 0.0, 1: 0.4, 2: -0.4}))
    shuffled = table.assign(seed=table.groupby(["width", "lr"]).cumcount().sample(frac=1, random_state=0).to_numpy())
    width = [(report.optima["high"] - report.optima["low"]).max() for report in (dt.report(table), dt.report(shuffled))]
    assert width[0] < 0.3


def test_the_scheme_that_transfers_may_be_the_worse_one() -> None:
    table = sweep(
        lambda scheme, width: -6.0 - (0.5 * np.log2(width / 64) if scheme == "sp" else 0.0),
        schemes=("mup", "sp"),
        widths=(64, 256, 1024),
        level=lambda scheme, width: 0.2 if scheme == "mup" else 0.0,
    )
    assert any("mup keeps its optimum and has the higher loss" in note for note in dt.report(table).notes)


def test_losses_near_zero_are_looked_at_in_their_logarithm_and_negative_ones_as_they_are() -> None:
    table = sweep(seeds=(0,), noise=0.0)
    deep = table.assign(loss=1e-3 * table["loss"] ** 40)
    assert dt.report(deep).optima["log2_optimum"].iloc[0] == pytest.approx(-6.0, abs=0.05)
    lowered = table.assign(loss=np.log(table["loss"]) - 3.0)
    report_of_logs = dt.report(table).optima["loss"].iloc[0]
    report = dt.report(lowered)
    assert report.optima["log2_optimum"].iloc[0] == pytest.approx(-6.0, abs=0.01)
    assert report.optima["loss"].iloc[0] == pytest.approx(np.log(report_of_logs) - 3.0, abs=1e-6)
    assert any("negative losses" in note for note in report.notes)


def test_sizes_that_grow_together_are_followed_as_one() -> None:
    table = sweep(lambda _, width: -6.0 - 0.5 * np.log2(width), widths=(1, 2, 4))
    (row,) = json.loads(dt.report(table.assign(depth=table["width"] * 3)).as_json())["transfer"]
    assert (row["over"], row["moves"]) == ("width", "left")


def test_a_report_is_shown_in_every_form(tmp_path: Path) -> None:
    report = dt.report(sweep(diverges=3.0, schemes=("mup", "sp")))
    page = report.as_html()
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http-equiv", "").split("base64,")[0]
    assert "<table" in report._repr_html_()
    report.write_csv(tmp_path / "found.csv")
    assert len(pd.read_csv(tmp_path / "found.csv")) == 4
    assert {path.name for path in tmp_path.iterdir()} == {
        f"found{part}.csv" for part in ("", "_transfer", "_regret", "_curves")
    }
    assert "How it moves" in str(report)


@pytest.mark.slow
def test_a_million_rows_take_at_most_ten_seconds(tmp_path: Path) -> None:
    small = sweep(schemes=("mup", "sp"), widths=(64, 128, 256, 512, 1024), seeds=(0,))
    table = pd.concat([small] * (1_000_000 // len(small) + 1), ignore_index=True).head(1_000_000)
    table["seed"] = table.groupby(["scheme", "width", "lr"]).cumcount()
    table["loss"] *= np.exp(0.01 * np.random.default_rng(0).standard_normal(len(table)))
    content = io.StringIO()
    table.to_csv(tmp_path / "runs.csv", index=False)
    begin = time.process_time()
    from depthtransfer.sweep_table import Asked, report_on

    content.write(str(report_on(tmp_path / "runs.csv", Asked())))
    assert time.process_time() - begin < 10.0
    assert "stays" in content.getvalue()
