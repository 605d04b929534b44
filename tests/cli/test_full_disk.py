"""Commands on a disk that is full: one line, nothing half-written, and the same command goes on after room is made."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

EXPERIMENT = "cnn_learning_rate_sp"
TABLES = ("runs.parquet", "steps.parquet", "probes.parquet", "updates.parquet", "provenance.parquet")
FULL = "No space left on device"

pytestmark = pytest.mark.slow


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
    return {path.name for path in disk.rglob("*") if path.is_file()}


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


def test_tables(trained_project: Any, trained_once: Any) -> None:
    with small_disk(trained_project.folder / "results/tiny") as disk:
        (disk / EXPERIMENT).mkdir()
        for left in (0, 3 * 4096):
            filler = fill(disk, left)
            _, errors = trained_project.run("collect", EXPERIMENT, "--preset", "tiny", code=4)
            assert FULL in errors
            assert "Traceback" not in errors
            assert files(disk) <= {"filler", *TABLES}, "whole tables or none"
        filler.unlink()
        assert trained_project.tables() == trained_once.tables()
        filler = fill(disk)
        _, errors = trained_project.run("analyze", EXPERIMENT, "--preset", "tiny", "--resamples", "10", code=4)
        assert FULL in errors
        assert files(disk) == {"filler", *TABLES}
        filler.unlink()
        trained_project.run("analyze", EXPERIMENT, "--preset", "tiny", "--resamples", "10")
        assert {"optimum.csv", "transfer.csv", "regret.csv"} <= files(disk)


def test_figures(trained_project: Any) -> None:
    trained_project.tables()
    words = ("figure", "figB1", "--preset", "tiny")
    trained_project.run(*words)
    expected = {path.name: path.read_bytes() for path in Path("figures/tiny").iterdir()}
    assert len(expected) == 3
    with small_disk(trained_project.folder / "figures") as disk:
        (disk / "tiny").mkdir()
        for left in (0, 2 * 4096):
            filler = fill(disk, left)
            _, errors = trained_project.run(*words, code=4)
            assert FULL in errors
            assert "Traceback" not in errors
            assert all((disk / "tiny" / name).read_bytes() == expected[name] for name in files(disk) - {"filler"})
        filler.unlink()
        trained_project.run(*words)
        assert {path.name: path.read_bytes() for path in Path("figures/tiny").iterdir()} == expected


def write_images(folder: Path) -> None:
    for split, count in (("train", 40), ("test", 2)):
        for kind in ("cat", "dog"):
            (folder / split / kind).mkdir(parents=True)
            for number in range(count):
                pixels = np.full((32, 32, 3), 5 * number + len(kind), dtype=np.uint8)
                buffer = BytesIO()
                Image.fromarray(pixels).save(buffer, "PNG")
                (folder / split / kind / f"{number}.png").write_bytes(buffer.getvalue())


def test_cache_of_images(tiny_project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(tiny_project.folder / "images/pets")
    entry, _ = tiny_project.run("data", "declare", "pets", "images/pets")
    declared = yaml.safe_load(entry)
    declared["pets"]["path"] = str(tiny_project.folder / "images/pets")
    with (tiny_project.folder / "config/datasets.yaml").open("a") as file:
        file.write(yaml.safe_dump(declared))
    with small_disk(tiny_project.folder / "data") as disk:
        for left in (0, 2 * 4096, 40 * 4096):
            filler = fill(disk, left)
            _, errors = tiny_project.run("data", "check", "pets", code=3)
            assert f"cannot be written ({FULL}); free space" in errors
            assert "Traceback" not in errors
            assert files(disk) == {"filler"}
        filler.unlink()
        output, _ = tiny_project.run("data", "check", "pets")
        assert "80 training images, fingerprint verified" in output


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
