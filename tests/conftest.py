"""A project in a temporary directory, with a preset whose runs take a fraction of a second."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a script; commands under test would inherit that Ctrl-C means nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
EXPERIMENT = "cnn_learning_rate_sp"
POINTERS = ("DEPTHTRANSFER_STORE", "DEPTHTRANSFER_DATA")
"""Variables, or their beginnings, that point the package at other data or stores."""
PATIENCE = 600.0
"""Seconds until a command counts as stuck, on a machine that has much else to do."""


@dataclass(frozen=True)
class TinyProject:
    """A copy of config/ with one more preset, `tiny`: three runs of three steps on the digits; one diverges."""

    folder: Path

    def write_preset(self, name: str = "tiny", **grid: Any) -> None:
        """Write a preset of one grid; keywords replace the grid's values, None leaves one out."""
        values = {
            "dataset": "digits",
            "widths": [4],
            "depths": [3],
            "seeds": [0],
            "values": {"learning_rate": [0.125, 0.25, 1e8]},
            "steps": 3,
            "batch_size": 16,
            "window": 2,
        } | grid
        kept = {key: value for key, value in values.items() if value is not None}
        content = {"title": name, "experiments": {EXPERIMENT: [kept]}}
        (self.folder / f"config/presets/{name}.yaml").write_text(yaml.safe_dump(content))

    def start(self, *words: str, **options: Any) -> "subprocess.Popen[str]":
        """Start a command in a session of its own, so that signals reach it and its children alone."""
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("depthtransfer")), *words],
            cwd=self.folder,
            env=clean_environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **options,
        )

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        """Run a command to its end; return what it wrote to standard output and standard error."""
        process = self.start(*words)
        try:
            output, errors = process.communicate(timeout=PATIENCE)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        assert process.returncode == code, (output, errors)
        return output, errors

    def train(self, *words: str, preset: str = "tiny", code: int = 0) -> tuple[str, str]:
        return self.run("train", EXPERIMENT, "--preset", preset, "--workers", "1", *words, code=code)

    def tables(self, preset: str = "tiny") -> dict[str, bytes]:
        """Collect the runs; return the bytes of the tables that hold results."""
        self.run("collect", EXPERIMENT, "--preset", preset, "--workers", "1")
        folder = self.folder / "results" / preset / EXPERIMENT
        return {name: (folder / name).read_bytes() for name in ("runs.parquet", "steps.parquet")}

    def stored(self) -> dict[str, bytes]:
        """Content of the store's files by name, whatever their kind."""
        files = (self.folder / "results/store").rglob("*")
        return {path.name: path.read_bytes() for path in files if path.is_file()}

    def workers(self) -> list[int]:
        """Process ids of the training processes that work in this project."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                here = (process / "cwd").readlink() == self.folder
                if here and b"depthtransfer.sweeps.worker" in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
        return found


def clean_environment() -> dict[str, str]:
    """This process's environment without what would point the package at other data or stores."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(POINTERS)}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Wait for a condition and return its first true value."""

    def wait(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.01)
        return value

    return wait


def make_project(folder: Path) -> TinyProject:
    shutil.copytree(ROOT / "config", folder / "config")
    made = TinyProject(folder.resolve())
    made.write_preset()
    return made


@pytest.fixture
def tiny_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyProject]:
    """A fresh tiny project, with the working directory in it."""
    made = make_project(tmp_path)
    monkeypatch.chdir(made.folder)
    for name in ("DEPTHTRANSFER_STORE", "DEPTHTRANSFER_STORES", "DEPTHTRANSFER_DATA"):
        monkeypatch.delenv(name, raising=False)
    yield made
    assert made.workers() == [], "training processes outlive their command"


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    """A tiny project whose runs were trained without interruption by one worker; not to be written to."""
    made = make_project(tmp_path_factory.mktemp("trained"))
    made.train()
    return made


@pytest.fixture
def trained_project(tiny_project: TinyProject, trained_once: TinyProject) -> TinyProject:
    """A tiny project of one's own whose runs are stored."""
    shutil.copytree(trained_once.folder / "results/store", tiny_project.folder / "results/store")
    return tiny_project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: item.path.name != "test_interruptions.py")
