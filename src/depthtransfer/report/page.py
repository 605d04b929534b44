"""What the page shows, and how it becomes HTML: nothing is loaded from elsewhere when it is read."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Sheet:
    """A table of text.

    Attributes:
        columns: headings.
        rows: one text for each column.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Shown:
    """A figure with what belongs to it.

    Attributes:
        name: such as fig1.
        title: one line.
        caption: on the runs behind it.
        png: the image.
        csv: the table behind it.
        claims: ids of the claims that it shows.
    """

    name: str
    title: str
    caption: str
    png: bytes
    csv: bytes
    claims: tuple[str, ...] = ()

    @property
    def png_address(self) -> str:
        """The image as an address that holds it."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"

    @property
    def csv_address(self) -> str:
        """The table as an address that holds it."""
        return f"data:text/csv;base64,{base64.b64encode(self.csv).decode()}"


@dataclass(frozen=True)
class Page:
    """Everything on the page.

    Attributes:
        preset: whose results.
        summary: one line on the whole.
        claims: rows of the table of claims; see ``depthtransfer.claims.judge_all``.
        figures: in their order.
        sheets: further tables by heading, in their order, each with a sentence before it.
    """

    preset: str
    summary: str
    claims: Sequence[dict[str, Any]]
    figures: Sequence[Shown]
    sheets: Sequence[tuple[str, str, Sheet]] = field(default_factory=tuple)


def render(page: Page) -> str:
    """The page as HTML."""
    from jinja2 import Environment, StrictUndefined

    files = resources.files("depthtransfer.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    template = environment.from_string((files / "page.html").read_text(encoding="utf-8"))
    parts = {name: (files / f"page.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    shown = {figure.name for figure in page.figures}
    return template.render(page=page, shown=shown, **parts)


def number(value: float) -> str:
    """Three digits; infinite as a sign, nothing for what is not a number."""
    if value != value:
        return ""
    return f"{value:.3g}".replace("inf", "∞").replace("-", "−")
