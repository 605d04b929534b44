"""Records of figures: what they say, and that a changed file is told from one that is as it was written."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from depthtransfer.errors import StoreError
from depthtransfer.figures.origin import read, record_of, save
from depthtransfer.figures.tables import FigureError
from depthtransfer.store.keys import digest_of_keys

from .records import empty_record

KEYS = [letter * 64 for letter in "dacb"]
RUNS = pd.DataFrame({"key": KEYS, "dataset": "digits", "seed": [1, 0, 0, 1], "device": "cpu", "loss": 0.5})
MADE = pd.DataFrame(
    {
        "key": KEYS,
        "seconds": 1.0,
        "data": "sha256:0/1x8x8",
        "finished": ["later", "now", "now", "now"],
        "layer": "local",
        "engine": 1,
        "commit": ["two+dirty", "one", "one", "one"],
        "machine": "m",
        "versions": '{"numpy":"2"}',
    }
)
SOLVED = MADE.drop(columns="data").assign(solution="a solution")


def made(runs: pd.DataFrame = RUNS, origin: pd.DataFrame = MADE, solved: pd.DataFrame = SOLVED) -> object:
    return record_of("fig1", "smoke", code="c", csv=b"a,b\n", experiments={"e": (runs, origin)}, studies={"s": solved})


def test_every_run_is_listed_with_its_seed_and_its_maker() -> None:
    origin = made().experiments["e"]
    assert [(maker.commit, maker.dirty, maker.count) for maker in origin.made_by] == [
        ("one", False, 3),
        ("two", True, 1),
    ]
    assert origin.results == [("a" * 12, 0, 0), ("b" * 12, 1, 0), ("c" * 12, 0, 0), ("d" * 12, 1, 1)]
    assert origin.seeds == [0, 1]
    assert origin.data == {"digits": "sha256:0/1x8x8"}
    assert origin.engines == [1]
    assert origin.keys == digest_of_keys(KEYS)
    assert origin.made_by[0].versions == {"numpy": "2"}


def test_every_solution_is_listed_with_what_was_solved() -> None:
    origin = made(solved=pd.concat([SOLVED, SOLVED.assign(solution="again")])).studies["s"]
    assert origin.results[0] == ("a" * 12, "a solution; again", 0)
    assert len(origin.results) == 4, "a solution that two parts show is one"
    assert (origin.seeds, origin.data) == ([], {})


def test_time_place_and_order_leave_no_trace() -> None:
    elsewhere = MADE.assign(finished="tomorrow", layer="a.parquet", seconds=9.0)
    assert made(RUNS[::-1], elsewhere, SOLVED[::-1].assign(layer="b", finished="")) == made()


def test_another_run_leaves_a_trace() -> None:
    assert made(RUNS.replace(KEYS[0], "e" * 64), MADE.replace(KEYS[0], "e" * 64)) != made()
    assert made(origin=MADE.assign(engine=2)) != made()


RECORD = empty_record(drawn_with={"a (b) µ": "1"})


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """A figure with the files beside it."""
    figure = Figure(figsize=(0.5, 0.5))
    figure.add_axes((0.2, 0.2, 0.6, 0.6)).plot([0, 1])
    path, _ = save(figure, tmp_path / "it.pdf", RECORD)
    return path


def test_the_same_figure_gives_the_same_bytes_without_a_date(pdf: Path, tmp_path: Path) -> None:
    figure = Figure(figsize=(0.5, 0.5))
    figure.add_axes((0.2, 0.2, 0.6, 0.6)).plot([0, 1])
    again = save(figure, tmp_path / "again" / "it.pdf", RECORD)
    assert [path.read_bytes() for path in again] == [pdf.read_bytes(), pdf.with_suffix(".png").read_bytes()]
    assert b"CreationDate" not in pdf.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["it.pdf", "it.png"]


@pytest.mark.parametrize("suffix", [".pdf", ".png"])
def test_a_record_is_read_back_and_others_can_read_it(pdf: Path, suffix: str) -> None:
    reading = read(pdf.with_suffix(suffix))
    assert reading.intact
    assert reading.table == "absent"
    assert reading.record.model_copy(update={"pdf": "", "pixels": ""}) == RECORD
    with Image.open(pdf.with_suffix(".png")) as image:
        assert json.loads(image.info["depthtransfer-record"]) == reading.record.model_dump()


def test_a_changed_pdf_is_told(pdf: Path) -> None:
    content = pdf.read_bytes()
    for changed in (content + b"x", content[:-1], content.replace(b"depthtransfer", b"depthtransfeR", 1)):
        pdf.write_bytes(changed)
        assert not read(pdf).intact


def test_changed_pixels_are_told(pdf: Path) -> None:
    png = pdf.with_suffix(".png")
    with Image.open(png) as image:
        info = PngInfo()
        info.add_text("depthtransfer-record", image.info["depthtransfer-record"])
        image.putpixel((1, 1), (1, 2, 3, 255))
        image.save(png, pnginfo=info)
    assert not read(png).intact


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR"])
def test_what_is_no_png_is_refused_in_one_line(pdf: Path, content: bytes) -> None:
    pdf.with_suffix(".png").write_bytes(content)
    with pytest.raises(FigureError, match=r"it\.png") as caught:
        read(pdf)
    assert "\n" not in str(caught.value)


def test_a_truncated_or_bare_png_is_refused(pdf: Path) -> None:
    png = pdf.with_suffix(".png")
    whole = png.read_bytes()
    png.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FigureError, match="no whole PNG"):
        read(png)
    Image.new("RGB", (2, 2)).save(png)
    with pytest.raises(FigureError, match="holds no record"):
        read(png)
    png.unlink()
    with pytest.raises(FigureError, match=r"it\.png is missing"):
        read(pdf)


@pytest.mark.parametrize(
    "change",
    [{"format": "depthtransfer-figure-9"}, {"figure": 1}, {"unknown": 1}, {"experiments": {"a": {}}}, {"code": None}],
)
def test_a_record_of_another_form_is_refused(pdf: Path, change: dict[str, Any]) -> None:
    info = PngInfo()
    info.add_text("depthtransfer-record", json.dumps(RECORD.model_dump() | change))
    Image.new("RGB", (2, 2)).save(pdf.with_suffix(".png"), pnginfo=info)
    with pytest.raises(StoreError, match=next(iter(change))) as caught:
        read(pdf)
    assert "\n" not in str(caught.value)


def test_the_shipped_pictures_are_intact() -> None:
    for path in sorted((Path(__file__).parents[2] / "figures/reference").glob("*.png")):
        reading = read(path)
        assert reading.intact
        assert (reading.record.figure, reading.record.preset) == (path.stem, "reference")
