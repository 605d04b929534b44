import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from depthtransfer.figures.legends import caption_lines, text_width
from depthtransfer.figures.saving import save
from matplotlib.text import Text

from depthtransfer import figures
from depthtransfer.figures import ExperimentTables, FigureError, style
from depthtransfer.figures.captions import caption
from depthtransfer.tables.frames import write_csv

from .records import empty_record
from .synthetic_tables import learning_rate_tables

FIG1 = "cnn_learning_rate"


def test_names_are_found_and_declare_what_they_need() -> None:
    assert {"fig1", "figB1"} <= set(figures.names())
    for name in figures.names():
        module = figures.load(name)
        assert module.EXPERIMENTS or figures.studies(name)
        assert module.TITLE


def test_an_unknown_figure_lists_the_known_ones() -> None:
    with pytest.raises(FigureError, match="fig1"):
        figures.load("fig99")


def test_imports_are_light() -> None:
    code = (
        "import sys; from depthtransfer import figures; [figures.load(n) for n in figures.names()];"
        "print([m for m in ('torch', 'matplotlib', 'pandas', 'seaborn', 'scipy', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def written(folder: Path) -> dict[str, bytes]:
    module = figures.load("fig1")
    figure, table = module.draw({FIG1: learning_rate_tables()}, resamples=100)
    paths = [*save(figure, folder / "fig1.pdf", empty_record()), folder / "fig1.csv"]
    write_csv(table, paths[-1])
    assert sorted(folder.iterdir()) == sorted(paths), "nothing but the three files"
    return {path.name: path.read_bytes() for path in paths}


def test_figure_1_is_written_and_the_same_every_time(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    assert set(first) == {"fig1.pdf", "fig1.png", "fig1.csv"}
    assert first == second
    assert b"CreationDate" not in first["fig1.pdf"]
    assert b"Software" not in first["fig1.png"]
    table = pd.read_csv(tmp_path / "a" / "fig1.csv")
    gone = table[(table["kind"] == "optimum") & (table["scheme"] == "mup") & (table["depth"] == 48)]
    assert list(gone["edge"]) == ["all_diverged"] * 2
    points = table[(table["kind"] == "curve") & (table["scheme"] == "mup") & (table["depth"] == 48)]
    assert np.isinf(points["loss"]).all()
    assert (points["diverged"] == points["seeds"]).all()


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("fig1", learning_rate_tables()),
        ("figB1", learning_rate_tables(("sp",))),
        ("fig1", learning_rate_tables(widths=(8,), depths=(6,), seeds=(0,), classes=None)),
        ("figB1", learning_rate_tables(("sp",), widths=(8,), depths=(48, 96))),
        ("fig1", learning_rate_tables(depths=(3, 6), grid=(-3, -2))),
    ],
)
def test_everything_lies_inside_the_figure_and_is_labelled(name: str, tables: ExperimentTables) -> None:
    module = figures.load(name)
    figure, _ = module.draw({module.EXPERIMENTS[0]: tables}, resamples=20)
    with style.context():
        figure.draw_without_rendering()
        written = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        extents = [text.get_window_extent() for text in written]
    assert len(extents) > 20
    assert min(box.x0 for box in extents) >= 0
    assert min(box.y0 for box in extents) >= 0
    assert max(box.x1 for box in extents) <= figure.bbox.x1
    assert max(box.y1 for box in extents) <= figure.bbox.y1
    lettered = [axes for axes in figure.axes if axes.get_xlabel()]
    assert len(lettered) == (3 if name == "fig1" else 2)
    assert lettered[0].get_ylabel()
    assert lettered[-1].get_ylabel()


def test_missing_tables_and_schemes_are_named() -> None:
    module = figures.load("fig1")
    with pytest.raises(FigureError, match=FIG1):
        module.draw({})
    with pytest.raises(FigureError, match="mup_sqrt_depth"):
        module.draw({FIG1: learning_rate_tables(("mup",))})
    with pytest.raises(FigureError, match="empty"):
        module.draw({FIG1: ExperimentTables(learning_rate_tables().runs.head(0))})


def test_steps_are_read_on_first_use_only() -> None:
    calls: list[int] = []

    def read() -> pd.DataFrame:
        calls.append(1)
        return pd.DataFrame({"step": [0]})

    tables = ExperimentTables(learning_rate_tables().runs, read)
    assert not calls
    assert tables.steps is tables.steps
    assert len(calls) == 1
    with pytest.raises(FigureError, match="steps"):
        _ = ExperimentTables(tables.runs).steps


def test_the_caption_is_read_off_the_table() -> None:
    tables = learning_rate_tables(seeds=(0, 1, 2))
    text = caption([tables])
    diverged = (tables.runs["status"] == "diverged").sum()
    for part in (
        "CNN on digits",
        "SGD",
        "batch 64",
        "400 steps",
        "18 epochs",
        "float32",
        "Widths 8, 16",
        "depths 3, 6, 12, 24, 48",
        "3 seeds",
        f"{len(tables.runs)} runs",
        f"{diverged} diverged",
        "Preset smoke",
    ):
        assert part in text
    lines = caption_lines(text, 4.0)
    assert " ".join(lines) == text
    assert max(text_width(line, style.FONT_SIZE - 0.5) for line in lines) <= 4.0


def test_colour_of_a_depth_depends_on_the_depth_alone_and_tells_octaves_apart() -> None:
    from matplotlib.colors import to_rgb

    colours = [np.array(to_rgb(style.depth_colour(depth))) for depth in (3, 6, 12, 24, 48, 96)]
    steps = [float(np.abs(one - other).sum()) for one, other in itertools.pairwise(colours)]
    assert min(steps) > 0.2
    assert style.depth_colour(384) == style.depth_colour(1000)
