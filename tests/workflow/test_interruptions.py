"""A build that is stopped again and again, anywhere and in any way, ends with the tables of one that was left alone."""

import contextlib
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

FIGURE = "figures/fig1.pdf"
INTERRUPTIONS = 30
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
TARGETS = ("snakemake", "everything", "train", "worker")
COMPARED = ("runs.parquet", "steps.parquet", "probes.parquet", "optimum.csv", "transfer.csv", "regret.csv")
LONGEST = 9.0
"""Seconds into a build: about as long as one takes on an idle machine, its start included."""


def processes(folder: Path, word: bytes) -> list[int]:
    """Process ids of what runs in a folder with a word in its command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            here = (process / "cwd").readlink() == folder
            if here and word in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


@dataclass
class Harassed:
    """A project whose builds are disturbed.

    Args:
        project: copy of the project.
        counts: how often which signal went to which target.
    """

    project: Any
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def stored(self) -> dict[Path, int]:
        """Finished runs with the time of their writing."""
        runs = (self.project.folder / "results/store").glob("??/*.parquet")
        return {path: path.stat().st_mtime_ns for path in runs}

    def tables(self) -> dict[str, bytes]:
        """What must come out the same."""
        folders = (self.project.folder / "results/smoke").glob("cnn_*")
        found = {f"{folder.name}/{name}": (folder / name).read_bytes() for folder in folders for name in COMPARED}
        return found | {FIGURE: self.project.read(FIGURE)}

    def disturb(self, chance: random.Random) -> bool:
        """Start a build, send one signal into it, wait until all of it is gone; tell whether it was finished."""
        target, sent = chance.choice(TARGETS), chance.choice(SIGNALS)
        delay = chance.uniform(0.0, LONGEST)
        process = self.project.start(FIGURE)
        deadline = time.monotonic() + delay
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        if process.poll() is None and self._send(process.pid, target, sent):
            self.counts[target, sent.name] = self.counts.get((target, sent.name), 0) + 1
        output, _ = process.communicate(timeout=300)
        while processes(self.project.folder, b"depthtransfer.sweeps.worker"):
            time.sleep(0.05)  # of a train command that outlived its Snakemake
        assert f'File "{self.project.folder}' not in output, f"a traceback of ours: {output}"
        if process.returncode == 0:
            return True
        self._check_advice()
        return False

    def _send(self, snakemake: int, target: str, sent: signal.Signals) -> bool:
        """Send a signal; False if there is nobody to take it."""
        words = {"train": b"train", "worker": b"depthtransfer.sweeps.worker"}
        with contextlib.suppress(ProcessLookupError):
            if target == "everything":
                os.killpg(snakemake, sent)
                return True
            found = processes(self.project.folder, words[target]) if target in words else [snakemake]
            for each in found[:1]:
                os.kill(each, sent)
                return True
        return False

    def _check_advice(self) -> None:
        """If the directory stayed locked, the message says what to run, and that helps."""
        if list((self.project.folder / ".snakemake/locks").glob("*")):
            assert "--unlock" in self.project.snakemake(FIGURE, code=1)
            self.project.snakemake("--unlock")


@pytest.fixture
def harassed(project: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harassed]:
    """Sixteen runs of about a second for each of two experiments, whose states are kept all the time."""
    monkeypatch.setenv("DEPTHTRANSFER_STATE_SECONDS", "0.05")
    preset = project.folder / "config/presets/smoke.yaml"
    preset.write_text(preset.read_text().replace("steps: 4", "steps: 150"))
    yield Harassed(project)
    for each in processes(project.folder, b"depthtransfer.sweeps.worker"):
        os.kill(each, signal.SIGKILL)


def test_thirty_interruptions_change_no_table_and_repeat_no_finished_run(harassed: Harassed) -> None:
    project = harassed.project
    project.snakemake(FIGURE)
    undisturbed, store = harassed.tables(), {path.name for path in harassed.stored()}
    chance = random.Random(20231002)
    builds = 0
    while sum(harassed.counts.values()) < INTERRUPTIONS:
        for folder in ("results", "figures", ".snakemake"):
            shutil.rmtree(project.folder / folder, ignore_errors=True)
        done, kept = False, dict[Path, int]()
        while not done and sum(harassed.counts.values()) < INTERRUPTIONS:
            done = harassed.disturb(chance)
            stored = harassed.stored()
            assert kept.items() <= stored.items(), "a finished run was trained or written again"
            kept = stored
        project.snakemake(FIGURE)
        builds += 1
        assert harassed.tables() == undisturbed
        assert {path.name for path in harassed.stored()} == store
        assert not list(project.folder.rglob("*.safetensors")), "a state of a finished run was left"
        assert not list(project.folder.rglob("*.part")), "half a file was left"
    assert builds >= 2
    assert {target for target, _ in harassed.counts} == set(TARGETS)
    assert {sent for _, sent in harassed.counts} == {each.name for each in SIGNALS}
