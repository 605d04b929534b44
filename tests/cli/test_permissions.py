"""Commands of somebody who may not read or write something; root is made to obey permissions like everybody."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from depthtransfer.store.records import encode
from depthtransfer.store.store import Store

EXPERIMENT = "cnn_learning_rate_sp"
OBEYING = ["setpriv", *(f"--{which}=-dac_override,-dac_read_search" for which in ("bounding-set", "inh-caps"))]

pytestmark = pytest.mark.slow


@pytest.fixture
def prefix(tmp_path: Path) -> list[str]:
    """Begins a command line that permissions bind."""
    if os.geteuid():
        return []
    closed = tmp_path / "closed"
    closed.touch(mode=0o000)
    try:
        done = subprocess.run([*OBEYING, "cat", str(closed)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("root cannot give up its privileges: there is no setpriv")
    if "Permission denied" not in done.stderr:
        pytest.skip(f"root cannot give up its privileges: {done.stderr.strip()}")
    return OBEYING


class Somebody:
    """Runs commands that permissions bind."""

    def __init__(self, project: Any, prefix: list[str]) -> None:
        self.folder: Path = project.folder
        self._prefix = prefix

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        program = str(Path(sys.executable).with_name("depthtransfer"))
        done = subprocess.run(
            [*self._prefix, program, *words], cwd=self.folder, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr


@pytest.fixture
def somebody(trained_project: Any, prefix: list[str]) -> Somebody:
    return Somebody(trained_project, prefix)


def closed_run(project: Any) -> Path:
    path: Path = sorted((project.folder / "results/store").rglob("*.parquet"))[0]
    path.chmod(0o000)
    return path


def collect(somebody: Somebody, code: int = 0) -> str:
    return somebody.run("collect", EXPERIMENT, "--preset", "tiny", "--workers", "1", code=code)[1]


def test_a_run_that_may_not_be_read_is_set_aside_and_recomputed(
    trained_project: Any, trained_once: Any, somebody: Somebody
) -> None:
    path = closed_run(trained_project)
    errors = collect(somebody)
    assert f"{path.relative_to(trained_project.folder)} is damaged: [Errno 13] Permission denied" in errors
    assert "set aside as" in errors
    assert trained_project.tables() == trained_once.tables()


def test_a_run_that_may_be_neither_read_nor_set_aside(trained_project: Any, somebody: Somebody) -> None:
    path = closed_run(trained_project)
    path.parent.chmod(0o555)
    errors = collect(somebody, code=4)
    assert f"cannot be set aside: Permission denied; remove {path.relative_to(trained_project.folder)}" in errors
    path.parent.chmod(0o000)
    assert "cannot be looked up: Permission denied; make its folder readable" in collect(somebody, code=4)
    path.parent.chmod(0o755)


def test_a_store_that_may_not_be_written(tiny_project: Any, prefix: list[str]) -> None:
    store = tiny_project.folder / "results/store"
    store.mkdir(parents=True)
    store.chmod(0o555)
    words = ("train", EXPERIMENT, "--preset", "tiny", "--workers", "1")
    _, errors = Somebody(tiny_project, prefix).run(*words, code=4)
    assert "cannot be written: Permission denied; make the folder writable" in errors.splitlines()[-1]
    store.chmod(0o755)
    tiny_project.train()


def test_a_table_that_may_not_be_read_is_set_aside(trained_project: Any, somebody: Somebody) -> None:
    tables = trained_project.tables()
    path = trained_project.folder / "results/tiny" / EXPERIMENT / "runs.parquet"
    path.chmod(0o000)
    _, errors = somebody.run("analyze", EXPERIMENT, "--preset", "tiny", "--resamples", "10", code=4)
    assert "Permission denied" in errors
    assert "set aside as runs.parquet.damaged-" in errors
    assert trained_project.tables() == tables
    path.parent.chmod(0o555)
    path.chmod(0o000)
    _, errors = somebody.run("figure", "figB1", "--preset", "tiny", code=4)
    assert "cannot be set aside: Permission denied; remove it, then run: snakemake" in errors
    path.parent.chmod(0o755)


def test_packs_that_may_not_be_read_are_ignored(trained_project: Any, trained_once: Any, somebody: Somebody) -> None:
    packs = trained_project.folder / "results/committed"
    pack = packs / "tiny.parquet"
    records = Store.default().read(path.stem for path in Path("results/store").rglob("*.parquet"))
    packs.mkdir()
    pack.write_bytes(encode(record for record, _ in records.values()))
    for closed, said in (
        (pack, "tiny.parquet is damaged or no pack of runs: [Errno 13] Permission denied"),
        (packs, "results/committed cannot be read: Permission denied: ignored"),
    ):
        shutil.rmtree(trained_project.folder / "results/store")
        mode = closed.stat().st_mode
        closed.chmod(0o000)
        assert said in collect(somebody)
        closed.chmod(mode)
    assert trained_project.tables() == trained_once.tables()


def test_configuration_that_may_not_be_read(trained_project: Any, somebody: Somebody) -> None:
    path = trained_project.folder / "config/presets/tiny.yaml"
    path.chmod(0o000)
    _, errors = somebody.run("train", EXPERIMENT, "--preset", "tiny", code=2)
    assert errors == "depthtransfer: config/presets/tiny.yaml: Permission denied; give a readable file\n"


def test_figures_that_may_not_be_written(trained_project: Any, somebody: Somebody) -> None:
    trained_project.tables()
    (trained_project.folder / "figures").mkdir(mode=0o555)
    _, errors = somebody.run("figure", "figB1", "--preset", "tiny", code=4)
    assert "Permission denied; make the folder writable" in errors
    (trained_project.folder / "figures").chmod(0o755)


def test_images_and_a_cache_that_may_not_be_read(trained_project: Any, somebody: Somebody) -> None:
    archive = trained_project.folder / "data/pets.zip"
    archive.parent.mkdir()
    archive.touch(mode=0o000)
    declared = {
        "pets": {
            "kind": "image_folder",
            "path": "pets.zip",
            "channels": 3,
            "image_size": 4,
            "classes": 2,
            "train_images": 1,
            "test_images": 1,
            "fingerprint": "sha256:" + "0" * 64,
            "description": "none",
            "remedy": "put pets.zip there",
        }
    }
    with (trained_project.folder / "config/datasets.yaml").open("a") as file:
        file.write(yaml.safe_dump(declared))
    _, errors = somebody.run("data", "check", "pets", code=3)
    assert "Permission denied" in errors.splitlines()[-1]
