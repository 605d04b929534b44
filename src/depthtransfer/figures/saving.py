"""Figures and the tables behind them, on disk: whole or not at all, and the same bytes every time."""

import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

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
        _write(pdf, _rendered(figure, format="pdf", metadata=undated))
        _write(png, _rendered(figure, format="png", dpi=PNG_DPI, metadata={"Software": None}))
    return pdf, png


def save_table(table: "DataFrame", csv_path: Path | str) -> Path:
    """Write the table behind a figure as CSV: floats with nine significant digits, lines ended by \\n."""
    path = Path(csv_path)
    _write(path, table.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode())
    return path


def _rendered(figure: "Figure", **options: object) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
