"""Times of the theory's solvers against their budgets, one line of JSON each.

Run on a quiet machine with one thread: ``XLA_FLAGS=--xla_cpu_multi_thread_eigen=false OMP_NUM_THREADS=1``.
Each time is the best of several after one run that compiles.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from depthtransfer.theory.descent import march
from depthtransfer.theory.problem import Problem
from depthtransfer.theory.recursion import march_bytes
from depthtransfer.theory.sampled import sample

ONE = Problem.one_datum(1.0)
PAIR = Problem([[1.0, 0.3], [0.3, 1.0]], [1.0, -0.5])


def best_of(count: int, work: Callable[[], object]) -> tuple[float, float]:
    """Best warm time and the first, compiling one, in seconds."""
    begin = time.perf_counter()
    work()
    cold = time.perf_counter() - begin
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times), cold


def report(name: str, seconds: float, budget: float, **more: float | str) -> None:
    """Print one line."""
    print(json.dumps({"name": name, "seconds": round(seconds, 4), "budget": budget, **more}), flush=True)


def linear(repeats: int) -> None:
    """The march: T = 160 at L = 64, and ten times as deep."""
    times = {}
    for depth in (64, 640):
        work = partial(march, ONE, depth, gamma0=1, eta0=0.02, steps=159)
        times[depth], cold = best_of(repeats, work)
        mebibytes = march_bytes(160, 1, depth, True) / 2**20
        report(f"march T=160 L={depth}", times[depth], 2.0 if depth == 64 else 22.0, cold=round(cold, 2),
               declared_MiB=round(mebibytes))  # fmt: skip
    report("march L=640 over L=64", times[640] / times[64], 11.0)


def sampled(repeats: int) -> None:
    """Nonlinear sampling: P = 2, T = 20, L = 16, 4096 samples."""
    seconds, cold = best_of(
        repeats,
        lambda: sample(PAIR, 16, phi="relu", gamma0=1, eta0=0.05, steps=19, samples=4096, replicas=1),
    )
    report("sample P=2 T=20 L=16 M=4096 R=1", seconds, 60.0, cold=round(cold, 2))


def figure_7(_: int) -> None:
    """Figure 7 of the smoke preset from nothing: its study and its drawing, each in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree("config", Path(folder) / "config")
        begin = time.perf_counter()
        for words in (["study", "fig7"], ["figure", "fig7"]):
            code = f"import sys; from depthtransfer.cli import main; sys.exit(main({words!r}))"
            subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)
        report("Figure 7, smoke", time.perf_counter() - begin, 90.0)


def main() -> None:
    """Run all or one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("linear", "sampled", "figure7"))
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(json.dumps({"machine": platform.processor() or platform.machine(), "cpus": os.cpu_count()}))
    for name, work in (("linear", linear), ("sampled", sampled), ("figure7", figure_7)):
        if arguments.only in (None, name):
            work(arguments.repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_MiB": round(peak)}))


if __name__ == "__main__":
    main()
