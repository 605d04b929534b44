"""Every figure, from the smoke preset's own plan filled with invented numbers: complete, labelled, nothing on top."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from depthtransfer import figures, registry
from depthtransfer.cli.figure import tables_of
from depthtransfer.errors import ConfigurationError
from depthtransfer.figures import style
from depthtransfer.figures.captions import caption
from depthtransfer.figures.tables import ExperimentTables, FigureError

from .invented import write_project
from .synthetic_tables import learning_rate_tables
from .synthetic_theory import study_table

FIG1 = registry.figure("fig1")
PANELS = {
    **{"fig1": 3, "fig2": 3, "fig3": 8, "fig4": 6, "fig5": 2, "figB1": 2, "figB3": 3, "figM1": 9, "drift": 3},
    **{"fig6": 6, "fig7": 8, "rates": 9, "optimum": 4, "nonlinear": 10},
    **{"tp6_fig10": 9, "tp6_fig11": 6, "tp6_fig2": 4, "tp6_fig3": 4, "tp6_fig12": 4, "tp6_fig13": 2},
    **{"tp6_fig1": 2, "tp6_fig4": 2, "tp6_fig5": 2, "tp6_fig6": 4, "tp6_fig7": 3, "tp6_fig8": 3, "tp6_fig9": 3},
    **{"tp6_fig17": 2, "tp6_fig18": 3, "tp6_fig19": 6},
    **{"tp6_fig14": 4, "tp6_fig15": 4, "tp6_fig16": 2, "exponent": 16, "tool": 8},
    **{"sweep/cnn_momentum": 2, "sweep/cnn_updates": 2},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    write_project(folder)
    return folder


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def drawn(name: str) -> tuple[Figure, pd.DataFrame]:
    entry = registry.figure(name)
    tables: dict[str, Any] = {experiment: tables_of("smoke", experiment) for experiment in entry.experiments}
    tables |= {study: study_table(study) for study in entry.studies}
    return figures.load(name).draw(entry, tables)


def draw_fig1(tables: ExperimentTables) -> tuple[Figure, pd.DataFrame]:
    return figures.load("fig1").draw(FIG1, {FIG1.experiments[0]: tables})


def require_good_page(figure: Figure) -> str:
    """Everything lies inside, panels, legend and caption lie beside each other; returns the caption."""
    with style.context():
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        boxes = {f"panel {place}": axes.get_tightbbox(renderer) for place, axes in enumerate(figure.axes)}
        boxes["legend"] = figure.legends[0].get_tightbbox(renderer)
        text = figure._supxlabel  # type: ignore[attr-defined]
        boxes["caption"] = text.get_tightbbox(renderer)
    out = [name for name, box in boxes.items() if not _within(box, figure.bbox)]
    assert not out, "cut off"
    overlaps = [
        (one, other) for one, other in itertools.combinations(boxes, 2) if _common(boxes[one], boxes[other]) > 1.5
    ]
    assert not overlaps, "on top of each other"
    assert all(axes.get_xlabel() or axes.get_title(loc="left") for axes in figure.axes)
    return " ".join(text.get_text().split())


def _within(box: Bbox, whole: Bbox) -> bool:
    return bool(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= whole.x1 and box.y1 <= whole.y1)


def _common(one: Bbox, other: Bbox) -> float:
    """Shorter side in pixels of what two boxes share; 0 if nothing."""
    sides = [min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)]
    return float(max(min(sides), 0.0))


def test_every_figure_is_registered_with_its_module() -> None:
    assert set(registry.FIGURES) <= set(PANELS)
    for entry in registry.FIGURES.values():
        assert entry.title
        assert entry.experiments or entry.studies
    with pytest.raises(ConfigurationError, match="fig1"):
        figures.load("fig99")


@pytest.mark.parametrize("name", PANELS)
def test_nothing_is_cut_off_or_on_top_and_the_caption_says_what_was_done(name: str, inside: None) -> None:
    figure, table = drawn(name)
    about = require_good_page(figure)
    assert len([axes for axes in figure.axes if axes.get_xlabel()]) == PANELS[name]
    assert any(axes.get_ylabel() for axes in figure.axes)
    assert "Preset" in about
    assert len(table)
    entry = registry.figure(name)
    if entry.experiments:
        text = entry.experiments[0].startswith("gpt")
        data = ("Coriolanus", "batch 16") if text else ("8x8 digits", "batch 64")
        for fact in (*data, "epochs", "a point", "runs"):
            assert fact in about, fact
    if name not in ("fig4", "figB3") and entry.experiments and not entry.variants:
        runs = sum(len(tables_of("smoke", experiment).runs) for experiment in entry.experiments)
        assert f"{runs} runs" in about


@pytest.mark.parametrize(
    "tables",
    [
        learning_rate_tables(),
        learning_rate_tables(("sp",)),
        learning_rate_tables(widths=(8,), depths=(6,), seeds=(0,), classes=None),
        learning_rate_tables(("sp",), widths=(8,), depths=(48, 96)),
        learning_rate_tables(depths=(3, 6), grid=(-3, -2)),
    ],
)
def test_few_values_one_seed_and_nothing_but_divergence_are_drawn(tables: ExperimentTables) -> None:
    figure, table = draw_fig1(tables)
    require_good_page(figure)
    gone = table[(table["kind"] == "optimum") & (table["edge"] == "all_diverged")]
    assert gone["log2_optimum"].isna().all()


def test_the_optimum_is_where_it_was_put(inside: None) -> None:
    for name, centre in (("fig2", -2.0), ("figM1", -2.0), ("figB3", -2.0), ("tp6_fig11", -2.0)):
        _, table = drawn(name)
        optima = table[(table["kind"] == "optimum") & (table["edge"] == "none")]
        assert len(optima) > 3
        assert optima["log2_optimum"].to_numpy() == pytest.approx(centre, abs=0.75), name
    _, table = drawn("fig4")
    momentum = table[(table["kind"] == "optimum") & (table["hyperparameter"] == "momentum")]
    assert momentum["log2_optimum"].to_numpy() == pytest.approx(2.0, abs=0.75)
    assert set(table["kind"]) == {"curve", "optimum", "course"}


def test_optima_are_looked_up_where_they_are_known() -> None:
    tables = learning_rate_tables()
    _, found = draw_fig1(tables)
    optima = found[found["kind"] == "optimum"].assign(log2_optimum=-3.25)
    _, shown = draw_fig1(replace(tables, optima=optima))
    assert set(shown.loc[shown["kind"] == "optimum", "log2_optimum"]) == {-3.25}


def test_the_cost_of_tuning_is_in_the_table_of_figure_b3(inside: None) -> None:
    _, table = drawn("figB3")
    (cost,) = table[table["kind"] == "cost"].to_dict("records")
    assert cost["early_ratio"] == pytest.approx(3 * cost["ratio"])
    assert cost["ratio"] == pytest.approx(12, rel=0.1), "a network of 24 branches for one of 2"


def test_what_is_missing_is_named(inside: None) -> None:
    with pytest.raises(FigureError, match="cnn_learning_rate"):
        figures.load("fig1").draw(FIG1, {})
    with pytest.raises(FigureError, match="empty"):
        draw_fig1(ExperimentTables(learning_rate_tables().runs.head(0)))
    entry = registry.figure("fig5")
    with pytest.raises(FigureError, match="set probes in the preset"):
        figures.load("fig5").draw(entry, {"cnn_dynamics": tables_of("smoke", "cnn_momentum")})


def test_steps_are_read_on_first_use_only() -> None:
    calls: list[int] = []

    def read() -> pd.DataFrame:
        calls.append(1)
        return pd.DataFrame({"step": [0]})

    tables = replace(learning_rate_tables(), load_steps=read)
    assert not calls
    assert tables.steps is tables.steps
    assert len(calls) == 1
    with pytest.raises(FigureError, match="steps"):
        _ = ExperimentTables(tables.runs).steps


def test_the_caption_is_read_off_the_table_and_data_appear_under_their_own_label() -> None:
    tables = replace(learning_rate_tables(seeds=(0, 1, 2)), datasets={"digits": "photographs of my cat"})
    text = caption([tables])
    diverged = (tables.runs["status"] == "diverged").sum()
    for part in (
        "CNN on photographs of my cat",
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


def test_a_hyperparameter_is_written_as_its_entry_says() -> None:
    for name, entry in registry.HYPERPARAMETERS.items():
        assert entry.symbol in style.axis_label(name)
        assert entry.symbol in style.optimum_label(name)
    assert style.axis_label("test_loss") == "test loss"


def test_colour_of_a_depth_depends_on_the_depth_alone_and_tells_octaves_apart() -> None:
    from matplotlib.colors import to_rgb

    colours = [np.array(to_rgb(style.depth_colour(depth))) for depth in (3, 6, 12, 24, 48, 96)]
    steps = [float(np.abs(one - other).sum()) for one, other in itertools.pairwise(colours)]
    assert min(steps) > 0.2
    assert style.depth_colour(384) == style.depth_colour(1000)
