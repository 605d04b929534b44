"""What is particular to figures of the theory, from made-up tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from depthtransfer import figures, registry
from depthtransfer.figures import style
from depthtransfer.figures.tables import FigureError, StudyTable

from .synthetic_theory import study_table


def drawn(name: str) -> tuple[Figure, pd.DataFrame]:
    return figures.load(name).draw(registry.figure(name), {name: study_table(name)})


@pytest.mark.parametrize("name", ["fig6", "fig7", "optimum", "nonlinear"])
def test_the_limit_is_dashed_black_over_coloured_networks(name: str) -> None:
    figure, _ = drawn(name)
    axes = figure.axes[0]
    lines = [line for line in axes.findobj(Line2D) if len(line.get_xdata()) > 1]
    dashed = [line for line in lines if line.is_dashed() and to_hex(line.get_color()) == "#000000"]
    assert dashed
    others = [line for line in lines if to_hex(line.get_color()) != "#000000"]
    assert {to_hex(style.depth_colour(depth)) for depth in (2,)} <= {to_hex(line.get_color()) for line in others}
    assert min(line.get_zorder() for line in dashed) > max(line.get_zorder() for line in others)
    assert axes.collections, "error bars"


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
    _, behind = drawn("nonlinear")
    slopes = behind[behind["kind"] == "slope"]
    np.testing.assert_allclose(slopes.loc[slopes["over"] == "width", "value"].astype(float), -1, atol=1e-9)
    np.testing.assert_allclose(slopes.loc[slopes["over"] == "depth", "value"].astype(float), -1, atol=1e-9)


def test_missing_tables_and_parts_are_named() -> None:
    entry, module = registry.figure("fig7"), figures.load("fig7")
    with pytest.raises(FigureError, match="depthtransfer study fig7"):
        module.draw(entry, {})
    whole = study_table("fig7").rows
    with pytest.raises(FigureError, match="one_step"):
        module.draw(entry, {"fig7": StudyTable(whole[whole["part"] == "training"])})


def test_rows_of_a_part_are_chosen_by_their_columns() -> None:
    chosen = study_table("fig7").part("training", quantity="loss", gamma0=1.0)
    assert set(chosen["quantity"]) == {"loss"}
    assert set(chosen["gamma0"]) == {1.0}
