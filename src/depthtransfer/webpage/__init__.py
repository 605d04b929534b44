"""One self-contained HTML page on what a preset gave: claims first, then figures, runs, cost, environment."""

from depthtransfer.webpage.page import Page, Sheet, Shown, render

__all__ = ["Page", "Sheet", "Shown", "render"]
