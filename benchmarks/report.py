"""Measured numbers and how they are printed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One number.

    Args:
        benchmark: which part measured it.
        name: what it is.
        value: the median of its repetitions, in `unit`.
        unit: unit, or "x" for a ratio.
        spread: half the range of the repetitions, relative to the median, where there are several.
        at_most: upper target.
        at_least: lower target.
        note: what else the reader must know.
    """

    benchmark: str
    name: str
    value: float
    unit: str
    spread: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return self.value >= self.at_least if self.at_least is not None else None

    def row(self) -> list[str]:
        """The cells of a printed row."""
        target = ""
        if self.at_most is not None:
            target = f"<= {self.at_most:g}"
        elif self.at_least is not None:
            target = f">= {self.at_least:g}"
        return [
            self.benchmark,
            self.name,
            f"{self.value:.3g}" if abs(self.value) < 1000 else f"{self.value:.0f}",
            self.unit,
            "" if self.spread is None else f"±{self.spread:.1%}",
            target,
            {None: "", True: "pass", False: "FAIL"}[self.met],
            self.note,
        ]


HEADER = ["benchmark", "what", "value", "unit", "spread", "target", "", "note"]


def surroundings() -> dict[str, Any]:
    """Return date, commit, processor, cores and versions."""
    from depthtransfer.machine import usable_cores
    from depthtransfer.store.provenance import TRAINING, provenance

    found = provenance(TRAINING)
    return {name: found[name] for name in ("finished", "commit", "machine", "versions")} | {"cores": usable_cores()}


def as_text(measurements: Sequence[Measurement]) -> str:
    """Return an aligned table."""
    rows = [HEADER, *(measurement.row() for measurement in measurements)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def as_markdown(measurements: Sequence[Measurement], where: dict[str, Any]) -> str:
    """Return a table for README.md with the conditions under it."""
    rows = [HEADER, ["---"] * len(HEADER), *(measurement.row() for measurement in measurements)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    versions = ", ".join(f"{name} {number}" for name, number in where["versions"].items())
    return (
        f"{table}\n\nMeasured {where['finished']} on {where['cores']} cores of {where['machine']}; {versions}; "
        f"commit {where['commit']}."
    )


def as_json(measurements: Sequence[Measurement], where: dict[str, Any]) -> str:
    """Return everything, for comparison by another program."""
    content = {"measurements": [asdict(measurement) for measurement in measurements], "surroundings": where}
    return json.dumps(content, indent=1) + "\n"
