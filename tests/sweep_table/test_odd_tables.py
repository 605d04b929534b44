"""Tables as people have them: what they call things, what they leave out, and what cannot be used."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.sweep_table.invented import sweep

import depthtransfer as dt
from depthtransfer.errors import AnalysisError
from depthtransfer.sweep_table import Asked, report_on


def optima(report: dt.Report) -> list[float]:
    return [round(float(value), 1) for value in report.optima["log2_optimum"]]


def written(path: Path, table: pd.DataFrame, **options: Any) -> Path:
    table.to_csv(path, index=False, **options)
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", lambda table, path: table.to_csv(path, index=False)),
        ("a.txt", lambda table, path: table.to_csv(path, index=False, sep="\t")),
        ("a.csv", lambda table, path: table.to_csv(path, index=False, sep=";", decimal=",")),
        ("a.csv", lambda table, path: table.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")),
        ("a.csv.gz", lambda table, path: table.to_csv(path, index=False)),
        ("a.jsonl", lambda table, path: table.to_json(path, orient="records", lines=True)),
        ("a.json", lambda table, path: table.to_json(path, orient="records")),
        ("a.parquet", lambda table, path: table.to_parquet(path)),
        ("a.csv", lambda table, path: path.write_text("# two sweeps\n" + table.to_csv(index=False))),
        (
            "wandb.csv",
            lambda table, path: pd.DataFrame(
                {
                    "summary": [str({"val_loss": row.loss, "_runtime": 3.5}) for row in table.itertuples()],
                    "config": [str({"lr": row.lr, "width": row.width, "seed": row.seed}) for row in table.itertuples()],
                    "name": [f"run-{place}" for place in range(len(table))],
                }
            ).to_csv(path),
        ),
        (
            "nested.jsonl",
            lambda table, path: path.write_text(
                "\n".join(
                    json.dumps({"config": {"lr": row.lr, "d_model": row.width, "seed": row.seed}, "loss": row.loss})
                    for row in table.itertuples()
                )
            ),
        ),
    ],
)
def test_every_kind_of_file_says_the_same(tmp_path: Path, name: str, write: Any) -> None:
    write(sweep(), tmp_path / name)
    assert optima(report_on(tmp_path / name, Asked())) == [-6.0, -6.0]


@pytest.mark.parametrize(
    "renamed",
    [
        {"lr": "learning_rate", "loss": "val_loss", "width": "d_model"},
        {"lr": "peak_lr", "loss": "train/loss", "width": "hidden_dim", "status": "State"},
        {"lr": "config.optimizer.lr", "loss": "eval/loss", "width": "config.model.n_embd", "seed": "config.seed"},
        {"lr": "LR", "loss": "Loss", "width": "hiddenSize", "seed": "Seed"},
    ],
)
def test_columns_are_recognised(renamed: dict[str, str]) -> None:
    report = dt.report(sweep().rename(columns=renamed))
    assert optima(report) == [-6.0, -6.0]
    assert list(report.optima["width"]) == [64, 256]
    assert list(report.optima["seeds"]) == [3, 3]


def test_columns_that_are_missing_are_no_error() -> None:
    report = dt.report(sweep(widths=(64,))[["lr", "loss"]])
    assert optima(report) == [-6.0]
    assert any("no seed" in note for note in report.notes)
    assert report.transfer.empty


def test_long_tables_and_logarithms_are_understood() -> None:
    table = sweep()
    long = table.rename(columns={"lr": "value"}).assign(hyperparameter="lr")
    both = pd.concat([long, long.assign(hyperparameter="wd", value=long["value"] * 8)])
    assert optima(dt.report(both)) == [-6.0, -6.0]
    assert optima(dt.report(both, hyperparameter="wd")) == [-3.0, -3.0]
    assert optima(dt.report(table.assign(log2lr=np.log2(table["lr"])).drop(columns="lr"))) == [-6.0, -6.0]


def test_how_runs_ended_decides_what_they_are(tmp_path: Path) -> None:
    """Not finished: left out. Finished with nan: diverged. Finished with nothing: left out."""
    table = sweep(seeds=(0,), widths=(64,), diverges=2.2)
    text = table.assign(
        loss=table["loss"].map(lambda loss: "nan" if np.isnan(loss) else f"{loss:.6f}"), status="finished"
    )
    text.loc[0, ["loss", "status"]] = "0.0001", "running"
    text.loc[1, "loss"] = ""
    row = json.loads((report := report_on(written(tmp_path / "a.csv", text), Asked())).as_json())["optima"][0]
    assert (row["runs"], row["diverged"]) == (len(table) - 2, int(table["loss"].isna().sum()))
    assert row["log2_optimum"] == pytest.approx(-6.0, abs=0.1)
    notes = " ".join(report.notes)
    assert "1 run not finished (1 running)" in notes
    assert "empty cell is no divergence" in notes
    assert "not finite count as diverged" in notes


def test_a_word_that_means_divergence_can_be_told() -> None:
    table = sweep(seeds=(0,), diverges=2.2).assign(status=lambda t: t["status"].replace("diverged", "crashed"))
    assert dt.report(table).optima["diverged"].sum() > 0  # broke off with nan
    table["loss"] = table["loss"].fillna(3.0)
    assert dt.report(table).optima["diverged"].sum() == 0
    assert dt.report(table, diverged="crashed").optima["diverged"].sum() > 0


def test_a_setting_that_varies_splits_the_sweep() -> None:
    low, high = sweep(), sweep(lambda *_: -4.0)
    report = dt.report(pd.concat([low.assign(weight_decay=0.0), high.assign(weight_decay=0.1)]))
    assert optima(report) == [-6.0, -6.0, -4.0, -4.0]
    assert list(report.optima["weight_decay"]) == ["0", "0", "0.1", "0.1"]
    only = dt.report(pd.concat([low.assign(phase="warm"), high.assign(phase="final")]), where={"phase": "final"})
    assert optima(only) == [-4.0, -4.0]


def test_a_setting_that_varies_with_the_hyperparameter_is_refused() -> None:
    table = sweep(seeds=(0,)).assign(
        weight_decay=lambda t: np.random.default_rng(0).choice([0.1, 0.2, 0.3, 0.4, 0.5], len(t))
    )
    table["weight_decay"] = np.arange(len(table)) * 0.01
    table["weight_decay"] = table["weight_decay"].sample(frac=1, random_state=0).to_numpy()
    with pytest.raises(AnalysisError, match=r"'weight_decay' varies .*--where"):
        dt.report(table)
    assert optima(dt.report(table, ignore="weight_decay")) == [-6.0, -6.0]


def test_what_follows_or_measures_changes_nothing() -> None:
    table = sweep()
    extra = table.assign(
        params=table["width"] ** 2,
        min_lr=table["lr"] / 10,
        accuracy=np.linspace(0, 1, len(table)),
        run_name=[f"run {place}" for place in range(len(table))],
        sharpness=np.random.default_rng(0).random(len(table)),
    )
    report = dt.report(extra)
    assert optima(report) == [-6.0, -6.0]
    assert any("sharpness" in note for note in report.notes)
    assert any("'min_lr' varies along" in note for note in report.notes)


def test_unequal_numbers_of_steps_are_not_mixed() -> None:
    short, long = sweep(lambda *_: -4.0), sweep()
    report = dt.report(pd.concat([short.assign(steps=500), long.assign(steps=2000)]))
    assert {(row["steps"], round(row["log2_optimum"])) for row in report.optima.to_dict("records")} == {
        ("500", -4),
        ("2000", -6),
    }
    stray = long.assign(steps=2000)
    stray.loc[stray.index[:2], ["steps", "loss"]] = 700, 0.01
    report = dt.report(stray)
    assert optima(report) == [-6.0, -6.0]
    assert any("another length" in note for note in report.notes)


def test_runs_that_diverged_early_belong_to_their_curve() -> None:
    table = sweep(seeds=(0,), diverges=2.2)
    table["epochs_done"] = np.where(table["status"] == "diverged", 3, 20)
    report = dt.report(table)
    assert len(report.optima) == 2
    assert (report.optima["diverged"] > 0).all()


def test_the_course_of_runs_is_reduced_to_its_end() -> None:
    parts = [sweep().assign(step=step, loss=lambda t, s=step: t["loss"] + 50 / s) for step in (100, 1000, 10_000)]
    report = dt.report(pd.concat(parts))
    assert optima(report) == [-6.0, -6.0]
    assert list(report.optima["seeds"]) == [3, 3]


def test_copies_count_once_and_repeats_are_said() -> None:
    table = sweep()
    assert list(dt.report(pd.concat([table, table])).optima["seeds"]) == [3, 3]
    again = table.assign(loss=table["loss"] * 1.001)
    report = dt.report(pd.concat([table, again]))
    assert list(report.optima["seeds"]) == [6, 6]
    assert any("repeat another's settings" in note for note in report.notes)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: "", "is empty"),
        (lambda text: text.splitlines()[0], "no rows"),
        (lambda text: text.replace("lr", "pace"), "no column looks like the hyperparameter"),
        (lambda text: text.replace("loss", "score"), "no column looks like the loss"),
        (
            lambda text: text.replace("mup,64,0.0078125", "mup,64,fast", 1),
            r"row 10 \(line 11\), column 'lr' holds 'fast'",
        ),
        (lambda text: text.replace("mup,64,0.0078125", "mup,64,-1", 1), r"row 10 \(line 11\), column 'lr' holds -1"),
        (lambda text: text.replace("mup,64,", "mup,wide,", 1), r"row 1 \(line 2\), column 'width' holds 'wide'"),
        (lambda text: text.replace("mup,64,", "mup/sp,64,", 1), r"row 1 \(line 2\), column 'scheme' .*2 schemes"),
        (lambda text: text.replace("finished", "sunny", 1), r"row 1 \(line 2\), column 'status' holds 'sunny'"),
        (lambda text: text.replace("mup,64,", "mup,64,1,", 1), r"line 2 has 7 cells, the heading has 6"),
        (lambda text: text.replace("scheme,width", "lr,width"), "'lr' stands there twice"),
        (lambda text: text.replace("finished", "running"), "no run is left"),
    ],
)
def test_a_bad_table_gets_one_line(tmp_path: Path, spoil: Any, message: str) -> None:
    (tmp_path / "a.csv").write_text(spoil(sweep().to_csv(index=False)))
    with pytest.raises(AnalysisError, match=message) as caught:
        report_on(tmp_path / "a.csv", Asked())
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"lr": 1}\n{"lr":\n', "line 2 is no JSON"),
        (b"[1, 2]", "entry 1 is no object"),
        (b"PAR1 nonsense", "damaged or not Parquet"),
        (b"\xff\xfe\x00", "neither Parquet nor text"),
        (b"\x1f\x8b nonsense", "is damaged"),
        (b"one column\n1\n", "single column"),
    ],
)
def test_a_bad_file_gets_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(AnalysisError, match=message):
        report_on(tmp_path / "a", Asked())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"loss": "nothing"}, "no column 'nothing' for --loss"),
        ({"over": "status"}, "is the status"),
        ({"where": {"seed": 9}}, "no row has seed = 9"),
    ],
)
def test_a_question_that_does_not_fit_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        dt.report(sweep(), **asked)
