"""One claim of the paper: what it says, by which number it is judged, and why that threshold."""

from collections.abc import Callable
from dataclasses import dataclass

from depthtransfer.claims.evidence import Evidence
from depthtransfer.claims.verdict import Finding


@dataclass(frozen=True)
class Claim:
    """A statement that tables can decide.

    Attributes:
        id: short name, such as A1.
        place: where the paper says it.
        statement: in plain words.
        statistic: the number it is judged by, with its unit.
        threshold: for which values of that number the claim holds, in words.
        reason: why that threshold.
        tables: names of the tables it reads, relative to a preset's folder of results.
        judge: reads the tables and finds a verdict.
        figure: figure that shows the same; empty if none does.
    """

    id: str
    place: str
    statement: str
    statistic: str
    threshold: str
    reason: str
    tables: tuple[str, ...]
    judge: Callable[[Evidence], Finding]
    figure: str = ""
