"""`python -m benchmarks [NAME ...]`: measure and print one table."""

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks.cells import GRID, restrict_to_cores
from benchmarks.report import Measurement, as_json, as_markdown, as_text, surroundings
from benchmarks.timing import Settings

BENCHMARKS = {
    "machine": "rate of matrix products on one core: the limit",
    "throughput": "training steps per second of a sweep, against plain torch on both cores",
    "roofline": "rate of training steps against their bare convolutions, one core",
    "memory": "peak memory of one training process on images like CIFAR-10",
    "pipeline": "wall time of whole commands: Figure 1 from nothing, again, from tables; dry run; help",
}
"""Name and content of each part; the module of the same name offers `measure(cells, settings)`."""


def main() -> int:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the numbers this project must reach.",
        epilog="; ".join(f"{name}: {text}" for name, text in BENCHMARKS.items()),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--cells", nargs="+", default=[str(cell) for cell in GRID], help="such as w16-L3")
    parser.add_argument("--repetitions", type=int, default=5, help="turns of each comparison (default: 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one measurement (default: 2)")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"unknown {', '.join(sorted(unknown))}; choose among {', '.join(BENCHMARKS)}")
    cells = [cell for cell in GRID if str(cell) in arguments.cells]
    if len(cells) < len(arguments.cells):
        parser.error(f"--cells: choose among {', '.join(map(str, GRID))}")
    restrict_to_cores()
    settings = Settings(max(1, arguments.repetitions), arguments.seconds)
    measurements: list[Measurement] = []
    for name in arguments.names or BENCHMARKS:
        print(f"{name}: {BENCHMARKS[name]}", file=sys.stderr, flush=True)
        measurements += importlib.import_module(f"benchmarks.{name}").measure(cells, settings)
    where = surroundings()
    print(as_markdown(measurements, where) if arguments.markdown else as_text(measurements))
    if arguments.json:
        arguments.json.write_text(as_json(measurements, where), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
