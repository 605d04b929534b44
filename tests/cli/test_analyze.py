"""`depthtransfer analyze` on a table as somebody else keeps it."""

import json
from pathlib import Path

import pytest
from tests.sweep_table.invented import sweep

from depthtransfer.cli import main


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "sweep.csv"
    sweep(lambda scheme, width: -6.0 - (width > 64), diverges=2.5).to_csv(path, index=False)
    return path


def test_it_prints_tables_or_json_and_writes_what_is_asked(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = table.parent / "out"
    assert main(["analyze", str(table), "--html", str(folder / "a.html"), "--csv", str(folder / "a.csv")]) == 0
    assert "moves left" in capsys.readouterr().out
    assert (folder / "a.html").stat().st_size > 10_000
    assert (folder / "a_transfer.csv").exists()
    assert main(["analyze", str(table), "--json", "--figure", str(folder / "a.png")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [round(row["log2_optimum"]) for row in found["optima"]] == [-6, -7]
    assert (folder / "a.png").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--loss", "nothing"], "no column 'nothing'"),
        (["--where", "width"], "has no ="),
        (["--figure", "a.docx"], "is no picture"),
    ],
)
def test_a_bad_question_is_one_line(
    table: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(table), *words]) > 0
    assert message in (said := capsys.readouterr().err)
    assert said.count("\n") == 1
