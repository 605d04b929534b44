"""The verdict on a sweep as text."""

from collections.abc import Sequence
from typing import Any, Protocol

import pandas as pd

from depthtransfer.sweep_table.verdict import Verdict

_MOST_ROWS = 60  # of a table on a terminal


class Judged(Protocol):
    """What is shown of a report; see ``sweep_table.Report``."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def verdict(self) -> Verdict: ...  # noqa: D102

    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def optima(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def transfer(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def regret(self) -> pd.DataFrame: ...  # noqa: D102

    def figure(self) -> Any: ...  # noqa: D102


def printed(report: Judged) -> str:
    """The tables, and the notes below them."""
    parts = [_aligned(title, headings, rows) for title, headings, rows in tables(report)]
    parts += ["".join(f"- {note}\n" for note in report.notes)] if report.notes else []
    return "\n".join(parts)


def _aligned(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as wide as it is: the first column and the last to the left, numbers to the right."""
    shown = [headings, *rows[:_MOST_ROWS]]
    widths = [max(len(row[place]) for row in shown) for place in range(len(headings))]
    last = len(headings) - 1
    lines = [
        "  ".join(
            cell.ljust(width) if place in (0, last) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    if len(rows) > _MOST_ROWS:
        lines.append(f"and {len(rows) - _MOST_ROWS} more: write them with --csv FILE")
    return f"{title}\n\n" + "".join(f"{line}\n" for line in lines)


def tables(report: Judged) -> list[tuple[str, Sequence[str], list[Sequence[str]]]]:
    """Title, headings and rows of text of each table."""
    verdict = report.verdict
    shown = [
        (f"Optimum of {_words(verdict.hyperparameter)}", *_optima(report)),
    ]
    if len(report.transfer):
        shown.append(("How it moves", *_transfer(report)))
    if len(report.regret) > 1:
        shown.append(("What it costs to keep that of the smallest network", *_regret(report)))
    return shown


def _words(name: str) -> str:
    return name.replace("_", " ")


def _identity(table: pd.DataFrame, report: Judged) -> list[str]:
    """Columns that tell the rows apart; those that say nothing are left away."""
    names = ["scheme", *report.verdict.splits, *report.verdict.sizes]
    present = [name for name in names if name in table.columns and table[name].notna().any()]
    return [name for name in present if table[name].nunique(dropna=False) > 1] or present[:1]


def _optima(report: Judged) -> tuple[Sequence[str], list[Sequence[str]]]:
    table = report.optima
    names = _identity(table, report)
    headings = [*map(_words, names), "log2", "95% interval", "loss", "stable to", "seeds", "flags", "verdict"]
    rows: list[Sequence[str]] = [
        [
            *(_cell(row[name]) for name in names),
            number(row["log2_optimum"]),
            interval(row["low"], row["high"]),
            number(row["loss"], 4),
            "" if row["largest_stable"] != row["largest_stable"] else f"{2.0 ** row['largest_stable']:.3g}",
            f"{row['seeds']}",
            " ".join(row["flags"]),
            row["verdict"],
        ]
        for _, row in table.iterrows()
    ]
    return headings, rows


def _transfer(report: Judged) -> tuple[Sequence[str], list[Sequence[str]]]:
    table = report.transfer
    names = [name for name in _identity(table, report) if name in table.columns]
    headings = [*map(_words, names), "over", "sizes", "shift (octaves)", "slope", "best loss", "verdict"]
    rows: list[Sequence[str]] = [
        [
            *(_cell(row[name]) for name in names),
            f"{row['over']} {row['smallest']:g} to {row['largest']:g}",
            f"{row['sizes']}",
            f"{number(row['shift'])} {interval(row['shift_low'], row['shift_high'])}",
            f"{number(row['slope'])} {interval(row['slope_low'], row['slope_high'])}",
            f"{number(row['best_loss_smallest'], 4)} to {number(row['best_loss_largest'], 4)}",
            row["verdict"],
        ]
        for _, row in table.iterrows()
    ]
    return headings, rows


def _regret(report: Judged) -> tuple[Sequence[str], list[Sequence[str]]]:
    table = report.regret
    names = _identity(table, report)
    headings = [*map(_words, names), "loss there", "best loss", "regret", "95% interval", "ratio", ""]
    rows: list[Sequence[str]] = [
        [
            *(_cell(row[name]) for name in names),
            number(row["loss"], 4),
            number(row["best_loss"], 4),
            number(row["regret"], 3),
            interval(row["low"], row["high"]) if row["status"] == "ok" else "",
            number(row["ratio"], 4),
            "" if row["status"] == "ok" else _words(row["status"]),
        ]
        for _, row in table.iterrows()
    ]
    return headings, rows


def number(value: Any, digits: int = 3) -> str:
    """A number in a few digits; nothing where there is none."""
    if value is None or value is pd.NA or value != value:
        return ""
    return f"{value:.{digits}g}"


def interval(low: float, high: float) -> str:
    """An interval; nothing where there is none."""
    if low != low or high != high:
        return ""
    return f"[{low:.3g}, {high:.3g}]"


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or value != value:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
