"""Bad input is one line on standard error and an exit code, without a traceback unless it is asked for."""

from pathlib import Path
from typing import Any

import pytest

from depthtransfer.cli import main

EXPERIMENT = "cnn_learning_rate_sp"

BAD: dict[str, tuple[list[str], int, tuple[str, ...]]] = {
    "unknown experiment": (["train", "cnn_learning_rat"], 2, ("cnn_learning_rat", "did you mean 'cnn_learning_rate'")),
    "unknown preset": (["train", EXPERIMENT, "--preset", "smke"], 2, ("config/presets/smke.yaml", "mean 'smoke'")),
    "shard beyond the last": (["train", EXPERIMENT, "--shard", "3/2"], 2, ("--shard 3/2", "1 <= I <= N")),
    "shard that is none": (["train", EXPERIMENT, "--shard", "half"], 2, ("--shard half", "2/8")),
    "collect of nothing known": (["collect", "x"], 2, ("experiment 'x' is unknown",)),
    "unknown figure": (["figure", "fig99"], 2, ("fig99", "fig1")),
    "figure without tables": (["figure", "fig1"], 4, ("runs.parquet does not exist", "run: snakemake")),
    "plan of an unknown figure": (["plan", "figures/fig99.pdf"], 2, ("fig99", "fig1")),
    "plan of an unknown preset": (["plan", "figures/smok/fig1.pdf"], 2, ("'smok'", "mean 'smoke'")),
    "plan of two presets": (["plan", "figures/paper/fig1.pdf", "--preset", "smoke"], 2, ("--preset smoke", "differ")),
    "plan of an unknown table": (["plan", "results/smoke/x.csv"], 2, ("results/smoke/x.csv", "report.html")),
    "plan on an unknown machine": (["plan", "fig1", "--on", "a10"], 2, ("'a10'", "did you mean 'a100'")),
    "status of an unknown preset": (["status", "x"], 2, ("preset 'x' is unknown",)),
    "unknown data set": (["data", "check", "cifar11"], 2, ("cifar11", "cifar10")),
    "data set that is not there": (["data", "check", "cifar10_jpeg"], 3, ("cifar10-jpeg.zip",)),
    "data set without a fingerprint": (["data", "check", "imagenet"], 3, ("data fingerprint imagenet",)),
    "fingerprint of an archive": (["data", "fingerprint", "cifar10"], 2, ("kind cifar10",)),
    "declaration of nothing": (["data", "declare", "mine", "absent"], 3, ("absent",)),
    "log where a file cannot be": (["train", EXPERIMENT, "--preset", "tiny", "--log", "config"], 1, ("config",)),
}


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return captured.err.splitlines()


@pytest.mark.parametrize("bad", BAD)
def test_bad_input_is_one_line(tiny_project: Any, capsys: pytest.CaptureFixture[str], bad: str) -> None:
    words, code, said = BAD[bad]
    assert main(words) == code
    *before, line = lines(capsys)
    assert all("decoding" in notice for notice in before)
    assert line.startswith("depthtransfer: ")
    for part in said:
        assert part in line, line


@pytest.mark.parametrize("words", [["train", "x"], ["figure", "fig99"], ["train", EXPERIMENT, "--log", "config"]])
def test_the_traceback_is_shown_when_asked_for(
    tiny_project: Any, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code = main(["--traceback", *words])
    assert code != 0
    errors = capsys.readouterr().err
    assert "Traceback (most recent call last)" in errors
    assert errors.splitlines()[-1].startswith("depthtransfer: ")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["train"],
        ["train", EXPERIMENT, "--workers", "0"],
        ["train", EXPERIMENT, "--workers", "many"],
        ["train", EXPERIMENT, "--bogus"],
        ["data", "check"],
    ],
    ids=" ".join,
)
def test_wrong_usage_says_how_to_use_it(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    errors = lines(capsys)
    assert errors[0].startswith("usage: depthtransfer")
    assert ": error: " in errors[-1]


@pytest.mark.parametrize("damage", [b"", b"PAR1" * 30])
def test_damaged_tables(invented_tables: None, capsys: pytest.CaptureFixture[str], damage: bytes) -> None:
    table = Path("results/tiny") / EXPERIMENT / "runs.parquet"
    table.write_bytes(damage)
    assert main(["figure", "figB1", "--preset", "tiny"]) == 4
    (line,) = lines(capsys)
    assert str(table) in line
    assert f"set aside as {table.name}.damaged-" in line
    assert f"run: snakemake {table}" in line


@pytest.mark.parametrize("command", [["train", EXPERIMENT], ["plan", EXPERIMENT], ["status"], ["data", "list"]])
def test_outside_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = main(command)
    errors = lines(capsys)
    if command == ["status"]:
        assert code == 0  # there is nothing, and nothing of it is done
    else:
        assert code == 2
        assert len(errors) == 1
        assert "config" in errors[0]


def test_ctrl_c_is_one_line(
    tiny_project: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from depthtransfer.cli import status

    def interrupt(arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "run", interrupt)
    assert main(["status"]) == 130
    assert lines(capsys) == ["depthtransfer: interrupted; finished runs are kept, run the same command again"]


def test_a_reader_that_has_gone_is_no_error(tiny_project: Any) -> None:
    process = tiny_project.start("data", "list")
    process.stdout.close()
    process.wait()
    assert process.stderr.read() == ""
    process.stderr.close()
