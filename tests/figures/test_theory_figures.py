"""Figures of the theory from made-up tables: complete, labelled, nothing cut off, the same every time."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from depthtransfer.figures.saving import save
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.text import Text

from depthtransfer import figures
from depthtransfer.figures import FigureError, StudyTable, style

from .records import empty_record
from .synthetic_theory import study_table

STUDIES = ("fig6", "fig7", "rates", "optimum")
PANELS = {"fig6": 6, "fig7": 8, "rates": 9, "optimum": 4}


def drawn(name: str) -> Any:
    return figures.load(name).draw({name: study_table(name)})


@pytest.mark.parametrize("name", STUDIES)
def test_each_declares_its_study_and_no_experiment(name: str) -> None:
    assert name in figures.names()
    assert figures.studies(name) == (name,)
    assert figures.load(name).EXPERIMENTS == ()
    assert figures.studies("fig1") == ()


@pytest.mark.parametrize("name", STUDIES)
def test_everything_lies_inside_the_figure_and_is_labelled(name: str) -> None:
    figure, behind = drawn(name)
    with style.context():
        figure.draw_without_rendering()
        drawn_box = figure.get_tightbbox()  # of what is drawn, in inches
    written = [text.get_text() for text in figure.findobj(Text) if text.get_visible()]
    width, height = figure.get_size_inches()
    assert 0 <= drawn_box.x0 < drawn_box.x1 <= width
    assert 0 <= drawn_box.y0 < drawn_box.y1 <= height
    assert len(figure.axes) == PANELS[name]
    assert all(axes.get_xlabel() and axes.get_title(loc="left") for axes in figure.axes)
    assert figure.axes[0].get_ylabel()
    assert any("Preset tiny" in " ".join(text.split()) for text in written)
    assert not behind.empty


@pytest.mark.parametrize("name", ["fig6", "fig7", "optimum"])
def test_the_limit_is_dashed_black_over_coloured_networks(name: str) -> None:
    figure, _ = drawn(name)
    axes = figure.axes[0]
    lines = [line for line in axes.findobj(Line2D) if len(line.get_xdata()) > 1]
    dashed = [line for line in lines if line.is_dashed() and to_hex(line.get_color()) == "#000000"]
    assert dashed
    others = [line for line in lines if to_hex(line.get_color()) != "#000000"]
    assert {to_hex(style.depth_colour(depth)) for depth in (2,)} <= {to_hex(line.get_color()) for line in others}
    assert min(line.get_zorder() for line in dashed) > max(line.get_zorder() for line in others)
    assert axes.containers, "error bars"


@pytest.mark.parametrize("name", STUDIES)
def test_the_same_table_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    first, second = (save(drawn(name)[0], tmp_path / part / f"{name}.pdf", empty_record()) for part in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_slopes_are_read_off_the_table() -> None:
    _, behind = drawn("rates")
    slopes = behind[behind["kind"] == "slope"]
    assert set(slopes["quantity"]) == {"f", "H", "ntk"}
    over_width = slopes[(slopes["over"] == "width") & (slopes["of"] == "variance")]
    np.testing.assert_allclose(over_width["value"].astype(float), -1, atol=1e-9)
    assert (over_width["low"] <= over_width["high"]).all()
    _, behind = drawn("fig6")
    errors = behind[behind["kind"] == "error"]
    np.testing.assert_allclose(errors["slope"].astype(float), -1, atol=1e-9)


def test_missing_tables_and_parts_are_named() -> None:
    module = figures.load("fig7")
    with pytest.raises(FigureError, match="depthtransfer study fig7"):
        module.draw({})
    whole = study_table("fig7").rows
    with pytest.raises(FigureError, match="one_step"):
        module.draw({"fig7": StudyTable(whole[whole["part"] == "training"])})


def test_rows_of_a_part_are_chosen_by_their_columns() -> None:
    table = study_table("fig7")
    chosen: pd.DataFrame = table.part("training", quantity="loss", gamma0=1.0)
    assert set(chosen["quantity"]) == {"loss"}
    assert set(chosen["gamma0"]) == {1.0}
