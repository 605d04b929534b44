"""Commands on a disk that is full or closed: one line, nothing half-written, and the same command goes on later."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

EXPERIMENT = "cnn_learning_rate_sp"
FULL = "No space left on device"
OBEYING = ["setpriv", *(f"--{which}=-dac_override,-dac_read_search" for which in ("bounding-set", "inh-caps"))]

pytestmark = pytest.mark.slow


# ---- full


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of a few megabytes; a filler takes what a test leaves over."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, left: int = 0) -> Path:
    """Fill a disk but for so many bytes; return the file to remove."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            file.truncate(max(file.tell() - left, 0))
    return filler


def files(disk: Path) -> set[str]:
    return {path.name for path in disk.rglob("*") if path.is_file()} - {"filler"}


def test_runs(tiny_project: Any, trained_once: Any) -> None:
    with small_disk(tiny_project.folder / "results") as disk:
        filler = fill(disk, left=5 * 4096)
        _, errors = tiny_project.train(code=4)
        assert FULL in errors.splitlines()[-1]
        assert "make room and run the same command again" in errors
        assert "Traceback" not in errors
        kept = tiny_project.stored()
        assert 1 <= len(kept) < 3
        assert all(name.endswith(".parquet") and not name.startswith(".") for name in kept)
        filler.unlink()
        output, _ = tiny_project.train()
        assert f"3 runs, {3 - len(kept)} trained" in output
        assert kept.items() <= tiny_project.stored().items()
        assert tiny_project.tables() == trained_once.tables()


@pytest.mark.parametrize("folder", ["results/tiny", "figures"])
def test_tables_and_figures(trained_project: Any, folder: str) -> None:
    words = ("collect", EXPERIMENT) if folder == "results/tiny" else ("figure", "figB1")
    trained_project.tables()
    trained_project.run(*words, "--preset", "tiny")
    expected = {p.name: p.read_bytes() for p in (trained_project.folder / folder).rglob("*") if p.is_file()}
    with small_disk(trained_project.folder / folder) as disk:
        (disk / (EXPERIMENT if folder == "results/tiny" else "tiny")).mkdir()
        for left in (0, 3 * 4096):
            filler = fill(disk, left)
            _, errors = trained_project.run(*words, "--preset", "tiny", code=4)
            assert FULL in errors
            assert "Traceback" not in errors
            assert files(disk) < expected.keys(), "whole files or none"
        filler.unlink()
        trained_project.run(*words, "--preset", "tiny")
        assert {p.name: p.read_bytes() for p in disk.rglob("*") if p.is_file()} == expected


def test_a_log_that_finds_no_room_costs_no_finished_run(tiny_project: Any, trained_once: Any) -> None:
    with small_disk(tiny_project.folder / "logs") as disk:
        filler = fill(disk)
        log = str(disk / "train.log")
        _, errors = tiny_project.train("--log", log, code=1)
        assert FULL in errors.splitlines()[-1]
        assert "Traceback" not in errors
        filler.unlink()
        tiny_project.train("--log", log)
        assert tiny_project.tables() == trained_once.tables()


# ---- closed


@pytest.fixture
def somebody(tmp_path: Path) -> Any:
    """Runs a command that permissions bind; root is made to obey them like everybody."""
    closed = tmp_path / "closed"
    closed.touch(mode=0o000)
    prefix = [] if os.geteuid() else OBEYING
    try:
        done = subprocess.run([*prefix, "cat", str(closed)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("root cannot give up its privileges: there is no setpriv")
    if "Permission denied" not in done.stderr:
        pytest.skip(f"root cannot give up its privileges: {done.stderr.strip()}")
    program = str(Path(sys.executable).with_name("depthtransfer"))

    def run(*words: str, code: int = 0) -> str:
        command = [*prefix, program, *words, "--preset", "tiny"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    return run


def test_what_may_not_be_written_or_read(tiny_project: Any, somebody: Any) -> None:
    Path("results/store").mkdir(parents=True, mode=0o555)
    errors = somebody("train", EXPERIMENT, "--workers", "1", code=4)
    assert "cannot be written: Permission denied; make the folder writable" in errors.splitlines()[-1]
    Path("results/store").chmod(0o755)
    tiny_project.train()
    tiny_project.tables()
    Path("figures").mkdir(mode=0o555)
    assert "Permission denied; make the folder writable" in somebody("figure", "figB1", code=4)
    Path("figures").chmod(0o755)
    Path("config/presets/tiny.yaml").chmod(0o000)
    errors = somebody("train", EXPERIMENT, code=2)
    assert errors == "depthtransfer: config/presets/tiny.yaml: Permission denied; give a readable file\n"
