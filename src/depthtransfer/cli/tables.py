"""Tables that are printed: whole on whatever they are printed to."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def table(title: str | None, *headings: str) -> Table:
    """Return an empty table: names to the left, numbers to the right, nothing of them wrapped or cut."""
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for index, heading in enumerate(headings):
        made.add_column(heading, justify="right" if index else "left", no_wrap=True)
    return made


def print_table(shown: Table) -> None:
    """Print a table as wide as it is: what is narrower wraps lines, and cuts no name."""
    console = Console()
    console.width = max(console.width, console.measure(shown, options=console.options.update(max_width=10_000)).maximum)
    console.print(shown, crop=False, no_wrap=True)
