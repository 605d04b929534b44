"""What would be made again now, and why: Snakemake is asked, and nothing is made."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer import figures
from depthtransfer.configuration import load_theory
from depthtransfer.errors import UserError
from depthtransfer.figures.origin import KEY_LENGTH
from depthtransfer.store.store import Store
from depthtransfer.studies.plan import solutions
from depthtransfer.sweeps.refinement import load_refined

if TYPE_CHECKING:
    from depthtransfer.figures.origin import FigureRecord, Origin

_PATIENCE = 600  # seconds
_REASONS = {
    "missing": "it does not exist",
    "updated input files": "a file that it is made from is newer",
    "rule implementation changed": "the rule that makes it has changed",
    "set of input files changed": "it is made from other files than before",
    "params changed": "its configuration or its code has changed",
    "ok": "something that it is made from is made again",
}


@dataclass(frozen=True)
class Job:
    """Files that would be made again together.

    Attributes:
        rule: of the workflow.
        output: the files.
        because: the first reason.
    """

    rule: str
    output: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Asked:
    """What the configuration asks of an experiment or study now, compared with what a figure shows.

    Attributes:
        results: runs or solutions asked for.
        missing: of these, how many no store holds; they would be computed.
        added: of these, how many the figure does not show.
        dropped: how many the figure shows that are no longer asked for.
    """

    results: int
    missing: int
    added: int
    dropped: int


@dataclass(frozen=True)
class Now:
    """State of a figure in its project.

    Attributes:
        jobs: what would be made again, the figure itself first.
        code_changed: whether other code would draw it now.
        asked: by experiment or study.
    """

    jobs: tuple[Job, ...]
    code_changed: bool
    asked: dict[str, Asked]


def now(record: "FigureRecord", target: Path) -> Now:
    """Ask the workflow and the stores of the project in the working directory about a figure.

    Args:
        record: what the figure's file says.
        target: its path in the project.

    Raises:
        UserError: if the configuration is not valid, or Snakemake cannot say.
    """
    asked = {name: _compared(origin, *_runs(record.preset, name)) for name, origin in record.experiments.items()}
    asked |= {name: _compared(origin, *_solutions(record.preset, name)) for name, origin in record.studies.items()}
    return Now(_jobs(target), record.code != figures.code_of(record.figure), asked)


def _runs(preset: str, experiment: str) -> tuple[set[str], int]:
    """Keys of the runs that are asked for, and how many of them are missing."""
    keys = {request.spec.key for request in load_refined(preset, experiment).requests}
    return keys, len(Store.default().missing(keys))


def _solutions(preset: str, study: str) -> tuple[set[str], int]:
    keys = {each.key for each in solutions(load_theory(preset), study)}
    return keys, len(Store.of_solutions().missing(keys))


def _compared(origin: "Origin", keys: set[str], missing: int) -> Asked:
    wanted = {key[:KEY_LENGTH] for key in keys}
    shown = {key for key, _, _ in origin.results}
    return Asked(len(keys), missing, len(wanted - shown), len(shown - wanted))


def _jobs(target: Path) -> tuple[Job, ...]:
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", str(target), "--summary", "--nolock"],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        own = [line.removeprefix("depthtransfer: ") for line in said if line.startswith("depthtransfer: ")]
        raise UserError(
            f"Snakemake cannot say what would run again: {(own or said)[-1]}", f"run: snakemake -n {target}"
        )
    header, *rows = (line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    found: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in (dict(zip(header, cells, strict=True)) for cells in rows):
        if row["plan"] == "update pending":
            found.setdefault((row["rule"], str(Path(row["output_file"]).parent)), []).append(row)
    return tuple(_job(rule, files) for (rule, _), files in found.items())


def _job(rule: str, files: list[dict[str, str]]) -> Job:
    states = [file["status"] for file in files]
    status = next((state for state in _REASONS if state in states), states[0])
    return Job(rule, tuple(file["output_file"] for file in files), _REASONS.get(status, status))
