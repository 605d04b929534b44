"""How far networks are from the proxy of the infinite one: the ensemble of the widest and deepest.

Distances are between logits on the same images at the same step, root mean square over images and outputs, relative
to that of the proxy (paper A, Figure 5). A single network is off by its own initialization, which falls with the
width alone; the mean over initializations of one size is off by what depth and width leave of bias. The distance to
the deepest network of depth M is not the distance to the limit: if the latter falls as L^r, the former is
|L^r - M^r|, which falls steeply near M whatever r is. So ``approach`` fits r to that, not to a slope.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from depthtransfer.errors import AnalysisError

_SIZE = ["width", "depth"]
_POINT = ["step", "image", "output"]
_POWERS = np.concatenate([np.linspace(-4.0, -0.01, 400), np.linspace(0.01, 2.0, 200)])


def distances(runs: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """Distance of every network, and of every ensemble, to the proxy at every probed step.

    Args:
        runs: of one scheme and one value of everything that is not width, depth or seed; diverged runs are left out.
        probes: logits of these runs on the same images (columns key, step, image, output, logit).

    Returns:
        One row per step, width and depth, sorted: step, width, depth, proxy_width, proxy_depth, proxy_seeds (those
        of the proxy that have run to this step), seeds; distance (mean over single networks), standard_error of
        that mean (NaN with one seed), spread (of a network about its ensemble, relative to the proxy; NaN with one
        seed), ensemble (distance of the ensemble's mean, as measured) and bias (the same less what finite ensembles
        are expected to add, 0 where that is more; NaN with one seed). The proxy's own size has no row.

    Raises:
        AnalysisError: if a size holds two runs of one seed, or there is nothing besides the proxy.
    """
    stable = runs[runs["status"] == "ok"]
    if stable.duplicated([*_SIZE, "seed"]).any():
        raise AnalysisError(
            "several runs share width, depth and seed", "select one scheme and one value of everything else"
        )
    proxy_width, proxy_depth = (int(stable[name].max()) for name in _SIZE)
    joined = probes.merge(stable[["key", *_SIZE, "seed"]], on="key", validate="many_to_one")
    rows = []
    for step, at_step in joined.groupby("step", sort=True):
        logits = {size: _stacked(group) for size, group in at_step.groupby(_SIZE, sort=True)}
        proxy = logits.pop((proxy_width, proxy_depth), None)
        if proxy is None:
            continue
        for (width, depth), ensemble in logits.items():
            measured = _compared(ensemble, proxy)
            rows.append(
                {
                    "step": step,
                    "width": width,
                    "depth": depth,
                    "proxy_width": proxy_width,
                    "proxy_depth": proxy_depth,
                    "proxy_seeds": len(proxy),
                    "seeds": len(ensemble),
                    **measured,
                }
            )
    if not rows:
        raise AnalysisError(
            f"no network besides the proxy (width {proxy_width}, depth {proxy_depth}) was probed",
            "train several sizes, and the widest at the greatest depth",
        )
    return pd.DataFrame(rows)


def _stacked(group: pd.DataFrame) -> np.ndarray:
    """Logits as (seeds, points)."""
    return group.pivot_table(index="seed", columns=_POINT, values="logit").to_numpy(dtype=float)


def _compared(ensemble: np.ndarray, proxy: np.ndarray) -> dict[str, float]:
    centre = proxy.mean(axis=0)
    scale = float(np.mean(centre**2))
    single = np.sqrt(np.mean((ensemble - centre) ** 2, axis=1) / scale)
    mean = float(np.mean((ensemble.mean(axis=0) - centre) ** 2) / scale)
    variance, proxy_variance = (_variance(logits) / scale for logits in (ensemble, proxy))
    noise = variance / len(ensemble) + proxy_variance / len(proxy)
    several = len(ensemble) > 1
    return {
        "distance": float(single.mean()),
        "standard_error": float(single.std(ddof=1) / np.sqrt(len(single))) if several else float("nan"),
        "spread": float(np.sqrt(variance)),
        "ensemble": float(np.sqrt(mean)),
        "bias": float(np.sqrt(max(mean - noise, 0.0))) if np.isfinite(noise) else float("nan"),
    }


def _variance(logits: np.ndarray) -> float:
    """Mean over points of the unbiased variance over seeds."""
    return float(logits.var(axis=0, ddof=1).mean()) if len(logits) > 1 else float("nan")


def mean_curves(runs: pd.DataFrame, steps: pd.DataFrame, *, smooth: int) -> pd.DataFrame:
    """Training loss over steps, averaged over seeds and over blocks of `smooth` steps.

    Args:
        runs: of one scheme and one value of everything that is not width, depth or seed; diverged runs are left out.
        steps: their losses (columns key, step, loss).
        smooth: steps in a block; an incomplete last block is dropped.

    Returns:
        One row per width, depth and block: width, depth, step (middle of the block), loss (geometric mean over seeds
        of the block's mean, nats), low and high (over seeds), seeds.
    """
    stable = runs[runs["status"] == "ok"]
    joined = steps.merge(stable[["key", *_SIZE, "seed"]], on="key", validate="many_to_one")
    joined["block"] = joined["step"] // smooth
    blocks = joined.groupby([*_SIZE, "block", "seed"], sort=True)["loss"].agg(["mean", "size"]).reset_index()
    blocks = blocks[blocks["size"] == smooth]
    blocks["log_loss"] = np.log(np.maximum(blocks["mean"], np.finfo(float).tiny))
    table = blocks.groupby([*_SIZE, "block"], sort=True)["log_loss"].agg(["mean", "min", "max", "size"]).reset_index()
    return pd.DataFrame(
        {
            "width": table["width"],
            "depth": table["depth"],
            "step": table["block"] * smooth + (smooth - 1) / 2,
            "loss": np.exp(table["mean"]),
            "low": np.exp(table["min"]),
            "high": np.exp(table["max"]),
            "seeds": table["size"],
        }
    )


def loss_gaps(curves: pd.DataFrame) -> pd.DataFrame:
    """How far the loss curve of each depth is from that of the deepest network of the same width.

    Args:
        curves: made by ``mean_curves``.

    Returns:
        One row per width and depth but the deepest, sorted: width, depth, deepest, gap (largest absolute difference
        of log losses over the steps that both have), mean_gap (its mean over these steps).
    """
    rows = []
    for width, group in curves.groupby("width", sort=True):
        table: pd.DataFrame = group.pivot(index="step", columns="depth", values="loss").dropna().apply(np.log)
        deepest = table.columns.max()
        for depth in table.columns.drop(deepest):
            gap = (table[depth] - table[deepest]).abs()
            rows.append({"width": width, "depth": depth, "deepest": deepest, "gap": gap.max(), "mean_gap": gap.mean()})
    return pd.DataFrame(rows, columns=["width", "depth", "deepest", "gap", "mean_gap"])


def approach(depths: Sequence[float], distances: Sequence[float], deepest: float) -> float:
    """The power r for which the distances are nearest, in their logarithms, to a constant times L^r - deepest^r.

    Args:
        depths: at least two, each below ``deepest``.
        distances: to the network of depth ``deepest``, in any unit.
        deepest: depth of the network that stands for the limit.

    Returns:
        A power between -4 and 2; above 0 there is no limit that is approached. NaN where no power in between fits
        best, a distance is not positive or there are fewer than two.
    """
    L, found = np.asarray(depths, dtype=float), np.asarray(distances, dtype=float)
    if len(L) < 2 or not (found > 0).all():
        return float("nan")
    expected = np.log(np.abs(L ** _POWERS[:, None] - deepest ** _POWERS[:, None]))
    residual = np.log(found) - expected
    misfit = residual.var(axis=1)
    best = int(misfit.argmin())
    return float(_POWERS[best]) if 0 < best < len(_POWERS) - 1 else float("nan")
