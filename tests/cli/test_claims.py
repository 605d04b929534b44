"""`depthtransfer claims` and `depthtransfer report` on a project in which nothing has been run."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from tests.conftest import ROOT

from depthtransfer.cli.main import main


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_tables_every_claim_is_not_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--output", "claims.csv"]) == 0
    printed = capsys.readouterr().out
    table = pd.read_csv(project / "claims.csv")
    assert set(table["verdict"]) == {"not run"}
    assert printed.splitlines()[-1] == f"{len(table)} not run"
    assert "the best learning rate of the" in printed
    assert main(["claims", "--details"]) == 0
    assert "Missing: " in capsys.readouterr().out


def test_the_report_wants_the_claims_first_and_then_says_what_there_is(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report"]) != 0
    assert "run: snakemake results/smoke/claims.csv" in capsys.readouterr().err
    assert main(["claims", "--output", "results/smoke/claims.csv"]) == 0
    assert main(["report"]) == 0
    text = (project / "results/smoke/report.html").read_text(encoding="utf-8")
    assert "Differences from the paper" in text
    assert text.count('class="verdict not-run"') == len(pd.read_csv(project / "results/smoke/claims.csv"))


def test_an_unknown_preset_is_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--preset", "smokey"]) != 0
    assert len(capsys.readouterr().err.splitlines()) == 1
