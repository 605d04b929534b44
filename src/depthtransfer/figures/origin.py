"""Figures on disk, and where they come from: the record that a PNG carries, also on the PDF and the CSV beside it.

A record holds digests of all three files: they show damage and editing. It is no signature, and whoever means to forge
a record can.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from matplotlib.figure import Figure
from pandas import DataFrame
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from depthtransfer.figures import style
from depthtransfer.figures.tables import FigureError
from depthtransfer.files import write_atomic
from depthtransfer.store.keys import canonical_json, digest_of_keys
from depthtransfer.strict import StrictJson, parse_json

PNG_DPI = 200
KEY_LENGTH = 12
"""Characters of a key that a record lists; the digest is of the whole keys."""

_DRAWS = ("depthtransfer", "matplotlib", "numpy", "seaborn")
_RECORD = "depthtransfer-record"


class Maker(StrictJson):
    """Code, machine and packages that made some of the results.

    Attributes:
        commit: of the code.
        dirty: whether files differed from the commit.
        machine: processor or accelerator.
        device: cpu or cuda.
        versions: of Python and the packages that compute.
        count: how many results it made.
    """

    commit: str
    dirty: bool
    machine: str
    device: str
    versions: dict[str, str]
    count: int


class Origin(StrictJson):
    """Where an experiment's runs, or a study's solutions, come from.

    Attributes:
        keys: SHA-256 of the whole keys, sorted, one a line.
        engines: versions of what is computed.
        made_by: the makers.
        data: fingerprint and decoded form of each data set; none for solutions.
        seeds: of the runs; none for solutions.
        results: of each the beginning of its key, its seed or what was solved, and the place of its maker in `made_by`.
    """

    keys: str
    engines: list[int]
    made_by: list[Maker]
    data: dict[str, str]
    seeds: list[int]
    results: list[tuple[str, int | str, int]]


class FigureRecord(StrictJson):
    """What a figure's files say of their origin: the same wherever the same runs are drawn by the same code.

    Attributes:
        format: of this record.
        figure: name of the figure.
        preset: whose tables it shows.
        code: digest of the code that drew it; see ``figures.code_of``.
        drawn_with: versions of packages that draw.
        csv: SHA-256 of the table behind it.
        pdf: SHA-256 of the PDF.
        pixels: SHA-256 of the PNG's mode, size and pixels.
        experiments: origin of the runs, by experiment.
        studies: origin of the solutions of the theory, by study.
    """

    format: Literal["depthtransfer-figure-2"] = "depthtransfer-figure-2"
    figure: str
    preset: str
    code: str
    drawn_with: dict[str, str]
    csv: str
    pdf: str = ""
    pixels: str = ""
    experiments: dict[str, Origin]
    studies: dict[str, Origin]


@dataclass(frozen=True)
class Reading:
    """What a figure's files say.

    Attributes:
        file: the PDF or PNG that was asked about.
        record: what the PNG says of all three.
        intact: whether the file is as it was written.
        table: `unchanged`, `changed` or `absent`: the CSV beside it.
    """

    file: Path
    record: FigureRecord
    intact: bool
    table: Literal["unchanged", "changed", "absent"]


def record_of(
    figure: str,
    preset: str,
    *,
    code: str,
    csv: bytes,
    experiments: Mapping[str, tuple[DataFrame, DataFrame]],
    studies: Mapping[str, DataFrame],
) -> FigureRecord:
    """Return what is known of a figure's origin.

    Args:
        figure: its name.
        preset: whose tables it shows.
        code: digest of the code that draws it.
        csv: bytes of the table behind it.
        experiments: runs and their provenance by experiment; see RUNS and PROVENANCE in ``tables/columns.py``.
        studies: provenance of solutions by study; see SOLUTION_PROVENANCE.
    """
    return FigureRecord(
        figure=figure,
        preset=preset,
        code=code,
        drawn_with={name: _version(name) for name in _DRAWS},
        csv=hashlib.sha256(csv).hexdigest(),
        experiments={name: _of_runs(*tables) for name, tables in experiments.items()},
        studies={name: _of_solutions(made) for name, made in studies.items()},
    )


def _of_runs(runs: DataFrame, made: DataFrame) -> Origin:
    joined = runs[["key", "dataset", "seed", "device"]].merge(made, on="key", validate="one_to_one")
    joined = joined.sort_values("key", ignore_index=True)
    data = dict(sorted(set(zip(joined["dataset"], joined["data"], strict=True))))
    seeds = [int(seed) for seed in joined["seed"]]
    return _origin(joined, seeds, data=data, seeds=sorted(set(seeds)))


def _of_solutions(made: DataFrame) -> Origin:
    shown = made.groupby("key")["solution"].agg(lambda texts: "; ".join(sorted(set(texts))))
    joined = made.drop_duplicates("key").sort_values("key", ignore_index=True)
    joined = joined.assign(solution=joined["key"].map(shown))
    return _origin(joined.assign(device="cpu"), list(joined["solution"]), data={}, seeds=[])


def _origin(joined: DataFrame, shown: list[Any], *, data: dict[str, str], seeds: list[int]) -> Origin:
    columns = (joined[name] for name in ("commit", "machine", "device", "versions"))
    each: list[tuple[str, str, str, str]] = list(zip(*columns, strict=True))
    makers = sorted(set(each))
    return Origin(
        keys=digest_of_keys(set(joined["key"])),
        engines=sorted(int(engine) for engine in joined["engine"].unique()),
        made_by=[
            Maker(
                commit=commit.removesuffix("+dirty"),
                dirty=commit.endswith("+dirty"),
                machine=machine,
                device=device,
                versions=json.loads(versions),
                count=each.count((commit, machine, device, versions)),
            )
            for commit, machine, device, versions in makers
        ],
        data=data,
        seeds=seeds,
        results=[
            (key[:KEY_LENGTH], what, makers.index(maker))
            for key, what, maker in zip(joined["key"], shown, each, strict=True)
        ],
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def save(figure: Figure, pdf_path: Path | str, record: FigureRecord) -> tuple[Path, Path]:
    """Write a figure as PDF and, beside it, as PNG, whole or not at all; the same bytes every time, without a date.

    Args:
        figure: to be written.
        pdf_path: where the PDF goes; the PNG takes its name.
        record: where the figure comes from; the digests of the two files are filled in.

    Returns:
        The paths of the PDF and the PNG.
    """
    pdf = Path(pdf_path)
    png = pdf.with_suffix(".png")
    about = {
        "Creator": "depthtransfer",
        "Producer": "matplotlib",
        "CreationDate": None,
        "Title": f"{record.figure} of the preset {record.preset}",
        "Keywords": f"drawn by code {record.code}; where it comes from stands in the PNG of the same name",
    }
    with style.context():
        page, picture = io.BytesIO(), io.BytesIO()
        figure.savefig(page, format="pdf", metadata=about)
        figure.savefig(picture, format="png", dpi=PNG_DPI, metadata={"Software": None})
    image = Image.open(picture)
    whole = record.model_copy(
        update={"pdf": hashlib.sha256(page.getvalue()).hexdigest(), "pixels": _digest_of_pixels(image)}
    )
    carried = PngInfo()
    carried.add_text(_RECORD, canonical_json(whole.model_dump(mode="json")), zip=True)
    written = io.BytesIO()
    image.save(written, format="png", pnginfo=carried, dpi=(PNG_DPI, PNG_DPI))
    write_atomic(pdf, page.getvalue())
    write_atomic(png, written.getvalue())
    return pdf, png


def read(file: Path) -> Reading:
    """What is known of a figure's PDF or PNG, or of the CSV beside them, from the record in the PNG.

    Raises:
        FigureError: if the PNG is missing, is none, or holds no record.
        StoreError: if the record has another form than this version writes.
        OSError: if there is no such file.
    """
    if file.suffix not in (".pdf", ".png", ".csv"):
        raise FigureError(f"{file} is neither PDF nor PNG", "give a figure, or the CSV beside it")
    content = file.read_bytes()
    png, table = file.with_suffix(".png"), file.with_suffix(".csv")
    if not png.is_file():
        raise FigureError(f"{file} holds no record itself, and {png} is missing", "give the figure's PNG")
    record, pixels = _read_png(png)
    intact = hashlib.sha256(content).hexdigest() == record.pdf if file.suffix == ".pdf" else pixels == record.pixels
    state: Literal["unchanged", "changed", "absent"] = "absent"
    if table.exists():
        same = hashlib.sha256(table.read_bytes()).hexdigest() == record.csv
        state = "unchanged" if same else "changed"
    return Reading(png if file.suffix == ".csv" else file, record, intact, state)


def _read_png(path: Path) -> tuple[FigureRecord, str]:
    """Record and digest of the pixels of a PNG."""
    remedy = "only figures drawn by depthtransfer say where they come from; draw it again"
    try:
        with Image.open(path, formats=["PNG"]) as image:
            text = image.info.get(_RECORD)
            pixels = _digest_of_pixels(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise FigureError(f"{path} is no whole PNG ({error})", remedy) from error
    if not isinstance(text, str):
        raise FigureError(f"{path} holds no record of where it comes from", remedy)
    newer = "read it with the version of depthtransfer that drew it"
    return parse_json(FigureRecord, text.encode(), f"{path}: its record", newer), pixels


def _digest_of_pixels(image: Image.Image) -> str:
    return hashlib.sha256(f"{image.mode} {image.size}".encode() + image.tobytes()).hexdigest()
