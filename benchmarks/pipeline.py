"""Wall time of whole commands as a person types them, in a temporary copy of the checkout.

The copy shares the environment and nothing else: nobody's results are read or written.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cells import CORES, Cell
from benchmarks.lane import ROOT, THREAD_VARIABLES
from benchmarks.report import Measurement
from benchmarks.timing import Settings, median, spread

FIGURE = "figures/fig1.pdf"
PROVENANCE = Path("results/smoke/cnn_learning_rate/provenance.parquet")
_CLEARED = ("DEPTHTRANSFER_STORES", "DEPTHTRANSFER_DATA", *THREAD_VARIABLES)


def measure(cells: Sequence[Cell], settings: Settings) -> list[Measurement]:
    """Return the time of each command (s), and the share of it spent in training steps."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        _copy(checkout)
        everything = run(["snakemake", FIGURE], checkout)
        share = _seconds_in_steps(checkout) / (CORES * everything)
        again = _several(["snakemake", FIGURE], checkout, settings)
        redrawn = _several(["snakemake", FIGURE], checkout, settings, without=f"{Path(FIGURE).with_suffix('')}.*")
        dry = _several(["snakemake", "-n", "figures/paper/fig1.pdf"], checkout, settings)
        usage = _several(["depthtransfer", "--help"], checkout, settings)
    return [
        Measurement("pipeline", f"{FIGURE}, store empty", everything, "s", at_most=180),
        Measurement("pipeline", "share of the cores' time in training steps", share, "", at_least=0.75),
        _timing("again, nothing changed", again, 5),
        _timing("figure from stored tables", redrawn, 10),
        _timing("snakemake -n figures/paper/fig1.pdf", dry, 5),
        _timing("depthtransfer --help", usage, 0.5),
    ]


def run(command: Sequence[str], checkout: Path) -> float:
    """Run one command of the environment in the copy and return its wall time (s).

    Raises:
        RuntimeError: if it fails, with what it said.
    """
    print(f"  {' '.join(command)}", file=sys.stderr, flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in _CLEARED}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["PYTHONPATH"] = str(checkout / "src")
    started = time.perf_counter()
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds


def _several(command: Sequence[str], checkout: Path, settings: Settings, without: str = "") -> list[float]:
    """Time a command again and again, each time without the files of a pattern."""
    seconds = []
    for _ in range(settings.repetitions):
        for path in checkout.glob(without) if without else ():
            path.unlink()
        seconds.append(run(command, checkout))
    return seconds


def _timing(name: str, seconds: Sequence[float], at_most: float) -> Measurement:
    return Measurement("pipeline", name, median(seconds), "s", spread=spread(seconds), at_most=at_most)


def _copy(checkout: Path) -> None:
    """Copy what git knows of, or would add, as a fresh clone has it."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)


def _seconds_in_steps(checkout: Path) -> float:
    import pyarrow.parquet as pq

    column = pq.read_table(checkout / PROVENANCE, columns=["seconds"])["seconds"]
    return float(sum(column.to_pylist()))
