"""Runs stopped early are what shorter runs would have been."""

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import AnalysisError, during, savings, stopped
from depthtransfer.models.registry import cost
from depthtransfer.models.shapes import ImageShape


def tables(schedule: str = "constant") -> tuple[pd.DataFrame, pd.DataFrame]:
    runs = pd.DataFrame(
        {
            "key": ["late", "never", "soon"],
            "width": [8, 8, 16],
            "depth": [2, 4, 4],
            "schedule": schedule,
            "steps": 12,
            "window": 2,
            "epochs": 6.0,
            "flops": [12.0, 24.0, 96.0],
            "status": ["diverged", "ok", "diverged"],
            "diverged_step": [9, None, 3],
            "loss": [np.nan, 0.5, np.nan],
            "accuracy": [np.nan, 0.9, np.nan],
        }
    )
    lengths = {"late": 10, "never": 12, "soon": 4}
    steps = pd.concat(
        pd.DataFrame({"key": key, "step": np.arange(n), "loss": 10.0 - np.arange(n), "accuracy": 0.01 * np.arange(n)})
        for key, n in lengths.items()
    )
    return runs, steps


def test_a_third_of_the_training() -> None:
    early = stopped(*tables(), fraction=1 / 3).set_index("key")
    assert early["steps"].tolist() == [4, 4, 4]
    assert early.loc["late", "status"] == early.loc["never", "status"] == "ok"
    assert early.loc["late", "loss"] == early.loc["never", "loss"] == pytest.approx(7.5)
    assert early.loc["never", "accuracy"] == pytest.approx(0.025)
    assert early.loc["soon", "status"] == "diverged"
    assert np.isnan(early.loc["soon", "loss"])
    assert early["diverged_step"].isna().tolist() == [True, True, False]
    assert early["epochs"].tolist() == [2.0] * 3
    assert early.loc["never", "flops"] == pytest.approx(8.0)


def test_the_whole_training_is_what_it_was() -> None:
    runs, steps = tables()
    whole = stopped(runs, steps, fraction=1.0).set_index("key")
    assert whole["status"].tolist() == runs["status"].tolist()
    assert whole.loc["never", "loss"] == pytest.approx(-0.5)


def test_on_the_way_is_what_an_early_end_would_be_and_asks_for_no_schedule() -> None:
    pd.testing.assert_frame_equal(during(*tables(), fraction=1 / 3), stopped(*tables(), fraction=1 / 3))
    assert during(*tables("cosine"), fraction=1 / 3)["loss"].tolist()[:2] == pytest.approx([7.5, 7.5])


def test_what_has_no_early_end_is_refused() -> None:
    with pytest.raises(AnalysisError, match="cosine"):
        stopped(*tables("cosine"), fraction=0.5)
    with pytest.raises(AnalysisError, match="shorter than the window"):
        stopped(*tables(), fraction=0.1)
    with pytest.raises(AnalysisError, match="fraction"):
        stopped(*tables(), fraction=0.0)


def test_savings_are_ratios_of_counted_operations() -> None:
    (row,) = savings(tables()[0], fraction=1 / 3).to_dict("records")
    assert (row["smallest_width"], row["smallest_depth"], row["largest_width"], row["largest_depth"]) == (8, 2, 16, 4)
    assert row["ratio"] == pytest.approx(8.0)
    assert row["early_ratio"] == pytest.approx(24.0)


def test_tuning_the_residual_cnn_at_depth_6_saves_what_the_authors_say() -> None:
    """Depth 6 with 128 channels for depth 30 with 1024: about 320 times, and about 1000 with a third of the epochs.

    That is 5 x 8^2, as if all of the network got deeper; stem, transitions and readout do not.
    """

    def step(width: int, depth: int) -> float:
        return cost("cnn", width=width, depth=depth, shape=ImageShape(3, 32), classes=10).step_flops

    ratio = step(256, 30) / step(32, 6)
    assert ratio == pytest.approx(320, rel=0.15)
    assert 3 * ratio == pytest.approx(1000, rel=0.2)
