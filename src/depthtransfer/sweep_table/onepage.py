"""The verdict on a sweep as one page of HTML, and as the part of one that a notebook shows."""

import base64
import html
import io
from importlib import resources

from depthtransfer.sweep_table.terminal import Judged, tables

_DPI = 150


def render(report: Judged) -> str:
    """The whole page; it loads nothing from elsewhere."""
    css = (resources.files("depthtransfer.webpage") / "page.css").read_text(encoding="utf-8")
    name = html.escape(report.name)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>Transfer of hyperparameters: {name}</title>\n<style>{css}</style>\n</head>\n<body>\n"
        f"<header><h1>{name}</h1></header>\n<main>\n{fragment(report)}\n</main>\n</body>\n</html>\n"
    )


def fragment(report: Judged) -> str:
    """Notes, picture and tables."""
    parts = []
    if report.notes:
        items = "".join(f"<li>{html.escape(note)}</li>" for note in report.notes)
        parts.append(f"<section><h2>To know</h2><ul>{items}</ul></section>")
    csv = base64.b64encode(report.optima.to_csv(index=False).encode()).decode()
    picture = base64.b64encode(_png(report)).decode()
    parts.append(
        f'<figure><img src="data:image/png;base64,{picture}" alt="Losses and optima">'
        f'<figcaption><a download="optima.csv" href="data:text/csv;base64,{csv}">Optima as CSV</a>'
        "</figcaption></figure>"
    )
    for title, headings, rows in tables(report):
        head = "".join(f'<th scope="col">{html.escape(heading)}</th>' for heading in headings)
        body = "".join(
            "<tr>"
            + "".join(
                f'<td data-label="{html.escape(heading)}">{html.escape(cell)}</td>'
                for heading, cell in zip(headings, row, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        parts.append(
            f"<section><h2>{html.escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></section>"
        )
    return "\n".join(parts)


def _png(report: Judged) -> bytes:
    content = io.BytesIO()
    report.figure().savefig(content, format="png", dpi=_DPI, bbox_inches="tight")
    return content.getvalue()
