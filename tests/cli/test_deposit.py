"""`depthtransfer export` and `import`, from one project to another."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.cli import import_, main
from depthtransfer.store.store import Store
from depthtransfer.sweeps.grid import load_runs

EXPERIMENT = "cnn_learning_rate_sp"


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(words) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def test_runs_travel_in_an_archive(trained_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    before = trained_project.tables()
    output = printed(capsys, "export", "--preset", "tiny")
    assert output.startswith("results/tiny/deposit.zip: 3 runs and 0 solutions in 1 packs, ")
    shutil.rmtree("results/store")
    Path("results/tiny/deposit.zip").rename("fetched.zip")
    said = printed(capsys, "import", "fetched.zip")
    assert said.startswith("results/imported/tiny-")
    assert "3 runs and 0 solutions of the preset tiny, verified" in said
    Path("fetched.zip").unlink()
    assert printed(capsys, "train", EXPERIMENT, "--preset", "tiny").endswith("3 runs, 0 trained, the others stored\n")
    assert trained_project.tables() == before
    assert trained_project.stored() == {}


def test_runs_of_another_engine_are_named(
    trained_project: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed(capsys, "export", "--preset", "tiny")
    assert main(["import", "results/tiny/deposit.zip"]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(import_, "ENGINE_VERSION", 99)
    assert main(["import", "results/tiny/deposit.zip"]) == 0
    assert "runs of engine 1 are not used, this is engine 99" in capsys.readouterr().err


def test_one_experiment_is_a_pack_that_can_be_committed(
    trained_project: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = trained_project.tables()
    words = ("export", EXPERIMENT, "--preset", "tiny", "--output")
    output = printed(capsys, *words, "results/committed/tiny.parquet")
    assert output.startswith("results/committed/tiny.parquet: 3 runs of cnn_learning_rate_sp, ")
    printed(capsys, *words, "again.parquet")
    assert Path("again.parquet").read_bytes() == Path("results/committed/tiny.parquet").read_bytes()
    shutil.rmtree("results/store")
    assert not Store.default().missing(request.spec.key for request in load_runs("tiny", EXPERIMENT).requests)
    assert printed(capsys, "train", EXPERIMENT, "--preset", "tiny").endswith("3 runs, 0 trained, the others stored\n")
    assert trained_project.tables() == before


def test_what_cannot_be_exported_is_one_line(trained_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    trained_project.write_preset(seeds=[0, 1])
    for words, code, said in (
        (["--preset", "tiny"], 4, f"3 of 6 runs are not stored; run: depthtransfer train {EXPERIMENT} --preset tiny"),
        (["--preset", "smok"], 2, "did you mean 'smoke'"),
        (["fig99", "--preset", "smoke"], 2, "has no fig99; choose among cnn_learning_rate"),
        (["fig6", "--preset", "smoke"], 4, "solutions are not stored; run: depthtransfer study fig6 --preset smoke"),
        (["--preset", "smoke", "--output", "x.parquet"], 2, "name one experiment or study"),
        (["--preset", "tiny", "--output", "x.tar"], 2, "end it with .zip"),
    ):
        (line,) = printed(capsys, "export", *words, code=code).splitlines()
        assert said in line
    assert not Path("results/tiny/deposit.zip").exists()
    for name, code, said in (("absent.zip", 4, "absent.zip"), ("config/datasets.yaml", 4, "no intact archive")):
        (line,) = printed(capsys, "import", name, code=code).splitlines()
        assert said in line
