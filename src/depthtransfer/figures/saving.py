"""Figures on disk: whole or not at all, and the same bytes every time."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.figures import style
from depthtransfer.tables.atomic import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PNG_DPI = 200


def save(figure: "Figure", pdf_path: Path | str) -> tuple[Path, Path]:
    """Write a figure as PDF and, beside it, as PNG; neither carries a date or a version.

    Args:
        figure: to be written.
        pdf_path: where the PDF goes; the PNG takes its name.

    Returns:
        The paths of the PDF and the PNG.
    """
    pdf = Path(pdf_path)
    png = pdf.with_suffix(".png")
    undated = {"Creator": "depthtransfer", "Producer": "matplotlib", "CreationDate": None}
    with style.context():
        write_atomic(pdf, _rendered(figure, format="pdf", metadata=undated))
        write_atomic(png, _rendered(figure, format="png", dpi=PNG_DPI, metadata={"Software": None}))
    return pdf, png


def _rendered(figure: "Figure", **options: object) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()
