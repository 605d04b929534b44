"""`depthtransfer claims`: what a preset's tables say of each claim of the paper."""

import argparse
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.configuration import DEFAULT_PRESET, results_folder

if TYPE_CHECKING:
    import pandas as pd


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="whose tables (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="also write the table here, as CSV, and beside it as Parquet")
    parser.add_argument("--details", action="store_true", help="say also how each claim is judged and what is missing")


def run(arguments: argparse.Namespace) -> int:
    """Judge every claim and print one line each; a claim whose tables are missing is "not run"."""
    from depthtransfer.claims import Evidence, judge_all
    from depthtransfer.configuration import load_preset
    from depthtransfer.tables.columns import CLAIMS
    from depthtransfer.tables.frames import write_csv, write_frame

    load_preset(arguments.preset)
    table = judge_all(Evidence(results_folder(arguments.preset)))
    if arguments.output:
        write_frame(table, arguments.output.with_suffix(".parquet"), CLAIMS)
        write_csv(table, arguments.output)
    print(readable(table, details=arguments.details, columns=shutil.get_terminal_size().columns))
    return 0


def readable(table: "pd.DataFrame", *, details: bool, columns: int) -> str:
    """The claims as text, one paragraph of at most ``columns`` characters a line for each."""
    lines = []
    for row in table.to_dict("records"):
        number = f"{row['value']:.3g} ({row['low']:.3g} to {row['high']:.3g})" if row["value"] == row["value"] else ""
        lines.append(f"{row['claim']:<16} {row['verdict']:<15} {number}".rstrip())
        notes = [row["statement"]]
        if details:
            notes += [f"{row['place']}. Judged by the {row['statistic']}: {row['threshold']}. {row['reason']}"]
            notes += [row["detail"]] if row["detail"] else []
            notes += [f"Missing: {row['missing']}"] if row["missing"] else []
        for note in notes:
            lines += textwrap.wrap(str(note), max(columns, 40), initial_indent="    ", subsequent_indent="    ")
    counts = table["verdict"].value_counts()
    lines.append("; ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return "\n".join(lines)
