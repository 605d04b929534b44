"""Figures on disk: whole or not at all, the same bytes every time, and with a record of where they come from."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.figures import style
from depthtransfer.figures.sealed_files import pdf_keywords, seal_pdf, seal_png
from depthtransfer.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from depthtransfer.figures.origin import FigureRecord

PNG_DPI = 200


def save(figure: "Figure", pdf_path: Path | str, record: "FigureRecord") -> tuple[Path, Path]:
    """Write a figure as PDF and, beside it, as PNG; neither carries a date.

    Args:
        figure: to be written.
        pdf_path: where the PDF goes; the PNG takes its name.
        record: where the figure comes from; both files carry it under a seal.

    Returns:
        The paths of the PDF and the PNG.
    """
    pdf = Path(pdf_path)
    png = pdf.with_suffix(".png")
    described = {
        "Creator": "depthtransfer",
        "Producer": "matplotlib",
        "CreationDate": None,
        "Keywords": pdf_keywords(record),
    }
    with style.context():
        write_atomic(pdf, seal_pdf(_rendered(figure, format="pdf", metadata=described)))
        drawn = _rendered(figure, format="png", dpi=PNG_DPI, metadata={"Software": None})
        write_atomic(png, seal_png(drawn, record))
    return pdf, png


def _rendered(figure: "Figure", **options: object) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()
