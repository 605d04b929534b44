"""Records of figures whose origin does not matter."""

from typing import Any

from depthtransfer.figures.origin import FigureRecord


def empty_record(**changes: Any) -> FigureRecord:
    """A record of a figure without runs."""
    plain: dict[str, Any] = {
        "figure": "fig1",
        "preset": "smoke",
        "code": "0",
        "drawn_with": {},
        "csv": "0",
        "experiments": {},
        "studies": {},
    }
    return FigureRecord(**plain | changes)
