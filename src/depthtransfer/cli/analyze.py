"""`depthtransfer analyze`: a verdict on anybody's table of a sweep."""

import argparse
from pathlib import Path

from depthtransfer.errors import ConfigurationError
from depthtransfer.files import write_atomic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument(
        "table", help="CSV, TSV, JSON lines, Parquet, or an export of wandb: one row per run; - reads the input"
    )
    columns = parser.add_argument_group("columns of the table, where they are not guessed right ('' for none)")
    for name, example in (
        ("hyperparameter", "lr, learning_rate, peak_lr"),
        ("loss", "loss, val_loss, train_loss"),
        ("scheme", "scheme, parametrization"),
        ("width", "width, d_model, hidden_size"),
        ("depth", "depth, n_layer"),
        ("seed", "seed"),
        ("status", "status, state: finished, diverged, running"),
    ):
        columns.add_argument(f"--{name}", metavar="COLUMN", help=f"such as {example}")
    columns.add_argument(
        "--over", metavar="COLUMN", action="append", default=[], help="a further size, such as tokens; may be repeated"
    )
    rows = parser.add_argument_group("rows and settings")
    rows.add_argument(
        "--where", metavar="COLUMN=VALUE", action="append", default=[], help="keep these rows; may be repeated"
    )
    rows.add_argument("--ignore", metavar="COLUMN", action="append", default=[], help="is no setting; may be repeated")
    rows.add_argument(
        "--diverged", metavar="WORD", action="append", default=[], help="an end of runs that means divergence"
    )
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print optima, transfer, regret and notes as JSON")
    output.add_argument("--csv", type=Path, metavar="FILE", help="write the optima there, the other tables beside it")
    output.add_argument("--figure", type=Path, metavar="FILE", help="draw it: .pdf, .png or .svg")
    output.add_argument("--html", type=Path, metavar="FILE", help="write all of it on one page")


def run(arguments: argparse.Namespace) -> int:
    """Read, judge, print and write."""
    from depthtransfer.sweep_table import Asked, report_on

    if arguments.figure and arguments.figure.suffix not in (".pdf", ".png", ".svg"):
        raise ConfigurationError(f"--figure {arguments.figure} is no picture", "let it end in .pdf, .png or .svg")
    columns = ("hyperparameter", "loss", "scheme", "width", "depth", "seed", "status")
    asked = Asked(
        **{name: getattr(arguments, name) for name in columns},
        over=tuple(arguments.over),
        where=tuple(_pair(text) for text in arguments.where),
        ignore=tuple(arguments.ignore),
        diverged=tuple(arguments.diverged),
    )
    report = report_on(arguments.table, asked)
    print(report.as_json() if arguments.json else report)
    if arguments.csv:
        report.write_csv(arguments.csv)
    if arguments.figure:
        arguments.figure.parent.mkdir(parents=True, exist_ok=True)
        report.figure().savefig(arguments.figure, dpi=200)
    if arguments.html:
        write_atomic(arguments.html, report.as_html().encode())
    return 0


def _pair(text: str) -> tuple[str, str]:
    column, sign, value = text.partition("=")
    if not sign:
        raise ConfigurationError(f"--where {text} has no =", "write --where column=value")
    return column, value
