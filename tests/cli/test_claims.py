"""`depthtransfer claims` and `depthtransfer report` on a project in which nothing has been run."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from tests.conftest import ROOT

from depthtransfer.cli.main import main
from depthtransfer.configuration import refinement_path
from depthtransfer.sweeps.refinement import Addition, write_additions


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
    assert "run: snakemake results/smoke/claims.parquet" in capsys.readouterr().err
    assert main(["claims", "--output", "results/smoke/claims.csv"]) == 0
    assert main(["report"]) == 0
    text = (project / "results/smoke/report.html").read_text(encoding="utf-8")
    assert "Differences from the paper" in text
    assert text.count('class="verdict not-run"') == len(pd.read_csv(project / "results/smoke/claims.csv"))


def test_the_report_lists_values_that_refinement_added(project: Path) -> None:
    addition = Addition("mup", 16, 48, 2.0**-11, 1, "edge of the grid")
    write_additions([addition], project / refinement_path("smoke", "cnn_learning_rate"))
    main(["claims", "--output", "results/smoke/claims.csv"])
    for refine in (0, 2):
        preset = project / "config/presets/smoke.yaml"
        preset.write_text(f"refine: {refine}\n" + preset.read_text().replace("refine: 0\n", ""))
        assert main(["report"]) == 0
        text = (project / "results/smoke/report.html").read_text(encoding="utf-8")
        assert ("0.000488281" in text) == ("edge of the grid" in text) == (refine > 0)


def test_an_unknown_preset_is_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--preset", "smokey"]) != 0
    assert len(capsys.readouterr().err.splitlines()) == 1
