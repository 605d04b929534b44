"""Distances to the proxy and gaps between loss curves, on logits whose bias and noise are known."""

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import AnalysisError, distances, loss_gaps, mean_curves

POINTS, SEEDS = 400, 6
SIZES = [(width, depth) for width in (8, 32, 128) for depth in (2, 4, 8, 64)]


def tables(bias: float = 0.8, noise: float = 1.5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Logits = limit + bias / depth in a fixed direction + noise / sqrt(width), independent for each network."""
    generator = np.random.default_rng(3)
    limit, direction = generator.standard_normal((2, POINTS))
    runs, probes = [], []
    for width, depth in SIZES:
        for seed in range(SEEDS):
            key = f"{width}-{depth}-{seed}"
            runs.append({"key": key, "width": width, "depth": depth, "seed": seed, "status": "ok", "steps": 9})
            logits = limit + bias / depth * direction + noise / np.sqrt(width) * generator.standard_normal(POINTS)
            probes.append(
                pd.DataFrame({"key": key, "step": 9, "image": np.arange(POINTS), "output": 0, "logit": logits})
            )
    return pd.DataFrame(runs), pd.concat(probes, ignore_index=True)


def test_bias_and_noise_are_told_apart() -> None:
    table = distances(*tables()).set_index(["width", "depth"])
    assert (128, 64) not in table.index
    assert set(table["proxy_depth"]) == {64}
    for depth in (2, 4, 8):
        bias = 0.8 * (1 / depth - 1 / 64)
        assert table.loc[(128, depth), "bias"] == pytest.approx(bias, rel=0.25)
        assert table.loc[(8, depth), "spread"] == pytest.approx(1.5 / np.sqrt(8), rel=0.1)
        single = np.hypot(bias, 1.5 / np.sqrt(8))
        assert table.loc[(8, depth), "distance"] == pytest.approx(single, rel=0.1)
    wide = [np.log2(table.loc[(128, depth), "bias"]) for depth in (2, 8)]
    assert (wide[1] - wide[0]) / 2 == pytest.approx(-1.0, abs=0.25)
    narrow = [table.loc[(8, depth), "distance"] for depth in (4, 64)]
    assert narrow[1] > 0.8 * narrow[0], "a plateau at small width"


def test_without_a_difference_there_is_no_bias() -> None:
    """Its square is then the error of a variance over 400 points, some 7% of spread^2 over seeds."""
    table = distances(*tables(bias=0.0))
    assert (table["bias"] < 0.2 * table["spread"]).all()
    assert (table["ensemble"] > table["bias"]).all()


def test_a_diverged_network_is_left_out() -> None:
    runs, probes = tables()
    runs.loc[runs["key"] == "8-2-0", "status"] = "diverged"
    seeds = distances(runs, probes).set_index(["width", "depth"])["seeds"]
    assert seeds[(8, 2)] == SEEDS - 1
    assert seeds[(8, 4)] == SEEDS


def test_what_cannot_be_compared_is_refused() -> None:
    runs, probes = tables()
    with pytest.raises(AnalysisError, match="share width, depth and seed"):
        distances(pd.concat([runs, runs]), probes)
    with pytest.raises(AnalysisError, match="besides the proxy"):
        distances(runs[(runs["width"] == 128) & (runs["depth"] == 64)], probes)


def test_gaps_between_loss_curves_shrink_with_depth() -> None:
    step = np.arange(40)
    runs = pd.DataFrame(
        [
            {"key": f"{depth}-{seed}", "width": 8, "depth": depth, "seed": seed, "status": "ok"}
            for depth in (3, 6, 48)
            for seed in (0, 1)
        ]
    )
    steps = pd.concat(
        pd.DataFrame({"key": key, "step": step, "loss": np.exp(-step / 20) * (1 + 0.6 / depth)})
        for key, depth in zip(runs["key"], runs["depth"], strict=True)
    )
    curves = mean_curves(runs, steps, smooth=10)
    assert curves.groupby("depth").size().tolist() == [4, 4, 4]
    assert (curves["seeds"] == 2).all()
    gaps = loss_gaps(curves).set_index("depth")["gap"]
    assert gaps[3] == pytest.approx(np.log(1.2 / 1.0125), rel=1e-6)
    assert gaps[6] == pytest.approx(np.log(1.1 / 1.0125), rel=1e-6)
