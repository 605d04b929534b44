"""`depthtransfer why`: the record of a figure, from the file alone."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.cli import main, pending
from depthtransfer.cli.pending import Job
from depthtransfer.configuration import figure_path
from depthtransfer.figures.origin import FigureRecord
from depthtransfer.sweeps.grid import load_runs

EXPERIMENT = "cnn_learning_rate_sp"
FIGURE = figure_path("figB1", "tiny")


@pytest.fixture
def drawn(invented_tables: None, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["figure", "figB1", "--preset", "tiny"]) == 0
    return FIGURE


def why(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert main(["why", *words]) == code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return captured.out, captured.err


@pytest.mark.parametrize("suffix", [".pdf", ".png", ".csv"])
def test_a_copy_in_another_folder_says_everything(
    drawn: Path,
    capsys: pytest.CaptureFixture[str],
    suffix: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = [request.spec.key for request in load_runs("tiny", EXPERIMENT).requests]
    folder = tmp_path_factory.mktemp("elsewhere")
    for path in drawn.parent.iterdir():
        shutil.copy(path, folder)
    monkeypatch.chdir(folder)
    output, errors = why(capsys, f"figB1{suffix}")
    assert errors == ""
    for expected in (
        "figB1 of the preset tiny",
        "intact",
        "beside it, unchanged",
        f"{len(keys)} runs, engine 1",
        "commit unknown, on m (cpu)",
        "seed 0:",
        "data digits sha256:",
        "what would run again now cannot be said",
    ):
        assert expected in output
    assert all(key[:12] in output for key in keys)


def test_everything_as_json(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads(why(capsys, str(drawn), "--json")[0])
    assert (content["intact"], content["table"], content["now"]) == (True, "unchanged", None)
    record = FigureRecord.model_validate_json(json.dumps(content["record"]))
    assert (record.figure, record.preset) == ("figB1", "tiny")
    assert len(record.experiments[EXPERIMENT].results) == 20


def test_a_changed_picture_is_named(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = drawn
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    output, errors = why(capsys, str(path), code=4)
    assert "CHANGED after it was written" in output
    assert f"{path} was changed after it was written" in errors
    assert len(errors.splitlines()) == 1


def test_a_changed_table_is_named_and_a_missing_one_is_no_error(
    drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with drawn.with_suffix(".csv").open("a") as table:
        table.write("more\n")
    for suffix in (".pdf", ".png", ".csv"):
        output, errors = why(capsys, str(drawn.with_suffix(suffix)), code=4)
        assert "CHANGED" in output
        assert "is not the table behind" in errors
    drawn.with_suffix(".csv").unlink()
    assert "not beside it" in why(capsys, str(drawn))[0]


def test_what_carries_no_record_is_one_line(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.pdf").write_bytes(b"%PDF-1.4\n")
    Path("lone.csv").write_text("a\n")
    for name, said in (
        ("other.pdf", "is missing"),
        ("lone.csv", "give the figure"),
        ("config/datasets.yaml", "neither PDF nor PNG"),
        ("absent.pdf", "No such file"),
        ("absent.csv", "No such file"),
        ("config", "neither PDF nor PNG"),
    ):
        assert main(["why", name]) != 0
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line


def test_what_is_not_printable_is_made_visible(
    tiny_project: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure

    from depthtransfer.figures.origin import save

    record = FigureRecord(
        figure="fig1", preset="\x1b[2J\n../..", code="", drawn_with={}, csv="", experiments={}, studies={}
    )
    save(Figure(figsize=(0.2, 0.2)), "it.pdf", record)
    output, _ = why(capsys, "it.pdf")
    assert "\x1b" not in output
    assert r"\x1b[2J\n../.." in output


def test_the_report_says_who_made_a_figures_runs(drawn: Path) -> None:
    from depthtransfer.cli.report import _makers

    picture = drawn.with_suffix(".png")
    assert _makers(picture) == "Made by commits unknown (20)."
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert _makers(picture) == ""


SUMMARY = """\
output_file\tdate\trule\tlog-file(s)\tstatus\tplan
figures/a.pdf\t-\tfigure\t-\tok\tupdate pending
figures/a.png\t-\tfigure\t-\tok\tupdate pending
results/t/x/runs.parquet\t-\ttables\t-\tparams changed\tupdate pending
results/t/x/steps.parquet\t-\ttables\t-\tmissing\tupdate pending
results/t/y/runs.parquet\t-\ttables\t-\tok\tno update
"""


def test_snakemakes_table_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    done = pending.subprocess.CompletedProcess([], 0, SUMMARY, "")
    monkeypatch.setattr(pending.subprocess, "run", lambda *_, **__: done)
    assert pending._jobs(FIGURE) == (
        Job("figure", ("figures/a.pdf", "figures/a.png"), "something that it is made from is made again"),
        Job("tables", ("results/t/x/runs.parquet", "results/t/x/steps.parquet"), "it does not exist"),
    )
