"""What the page shows, and how it becomes HTML: nothing is loaded from elsewhere when it is read."""

import base64
import math
from collections.abc import Mapping, Sequence
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
        title: one line; the picture itself carries the caption.
        made_by: who made the runs behind it.
        png: the image.
        width: of the image on the page, in pixels of CSS: never larger than it was drawn.
        csv: the table behind it.
        claims: ids of the claims that it shows.
    """

    name: str
    title: str
    made_by: str
    png: bytes
    width: int
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
        summary: one line on the verdicts.
        scale: one sentence on the runs they rest on.
        made: commit and date of the page.
        claims: rows of the table of claims; see ``depthtransfer.claims.judge_all``.
        figures: in their order.
        sheets: further tables by heading, in their order, each with a sentence before it.
    """

    preset: str
    summary: str
    scale: str
    made: str
    claims: Sequence[dict[str, Any]]
    figures: Sequence[Shown]
    sheets: Sequence[tuple[str, str, Sheet]] = field(default_factory=tuple)


def render(page: Page) -> str:
    """The page as HTML."""
    from jinja2 import Environment, StrictUndefined

    files = resources.files("depthtransfer.webpage")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": number, "interval": interval, "margin": margin}
    template = environment.from_string((files / "page.html").read_text(encoding="utf-8"))
    parts = {name: (files / f"page.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    shown = {figure.name for figure in page.figures}
    return template.render(page=page, shown=shown, **parts)


def number(value: float) -> str:
    """Three digits; infinite as a sign, nothing for what is not a number."""
    if value != value:
        return ""
    return f"{value:.3g}".replace("inf", "∞").replace("-", "−")


def interval(claim: Mapping[str, Any]) -> str:
    """Interval of a claim's value; nothing where it has no width."""
    low, high = claim["low"], claim["high"]
    return f"{number(low)} to {number(high)}" if low < high else ""


def margin(claim: Mapping[str, Any]) -> str:
    """How far the interval of a claim lies inside what is allowed, or outside of it; nothing where it lies astride."""
    inside = min(claim["low"] - claim["allowed_low"], claim["allowed_high"] - claim["high"])
    outside = max(claim["allowed_low"] - claim["high"], claim["low"] - claim["allowed_high"])
    if not (math.isfinite(inside) or math.isfinite(outside)):
        return ""
    return f"{number(inside)} inside" if inside >= 0 else f"{number(outside)} outside" if outside > 0 else "astride"
