"""Networks against the theory of infinite width and depth: Figures 6 and 7, appendices H and I, and beyond."""

import numpy as np
import pandas as pd

from depthtransfer.analysis.measured import Measured, mean, slope_weights, weighted_sum
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import Finding, NotRunError, Region, TooLittleError, all_of

_WIDTH_RATE = Region(-1.25, -0.75)
_DEPTH_RATE = Region(-0.25, 0.25)
_KERNEL_RATE = Region(-1.25, -0.75)
_SQUARE = Region(1.75, 2.25)
_OF_ORDER_ONE = Region(high=1.0)


def _part(evidence: Evidence, study: str, part: str) -> pd.DataFrame:
    table = evidence.theory(study)
    chosen = table[table["part"] == part]
    if chosen.empty:
        raise NotRunError(f"the study {study} has no part {part}", "make the table again")
    return chosen


def _logarithm(value: float, error: float) -> Measured:
    """log2 of a measured positive number."""
    return Measured(float(np.log2(value)), error / value / np.log(2.0))


def _variance_slopes(table: pd.DataFrame, over: str, other: str) -> list[Measured]:
    found = []
    for _, group in table.groupby(other):
        if group[over].nunique() < 2:
            continue
        logs = [_logarithm(v, e) for v, e in zip(group["variance"], group["variance_error"], strict=True)]
        found.append(weighted_sum(logs, slope_weights(group[over].tolist())))
    if not found:
        raise TooLittleError(f"the study of rates has a single {over}", f"add a second {over}")
    return found


def _variance(evidence: Evidence) -> Finding:
    table = _part(evidence, "rates", "final")
    table = table[(table["quantity"] == "f") & (table["variance"] > 0)]
    over_width = mean(_variance_slopes(table, "width", "depth"))
    over_depth = mean(_variance_slopes(table, "depth", "width"))
    return all_of(
        _WIDTH_RATE.judge(over_width, detail=_said("over width", over_width), missing="More seeds or widths."),
        _DEPTH_RATE.judge(over_depth, detail=_said("over depth", over_depth), missing="More seeds or depths."),
    )


def _said(which: str, slope: Measured) -> str:
    return f"Slope {which}: {slope.value:+.3f}."


def _kernels(evidence: Evidence) -> Finding:
    table = _part(evidence, "fig6", "kernels")
    exact = table[np.isinf(table["width"]) & np.isfinite(table["depth"]) & table["theory"].notna()]
    slopes = {}
    for (activation, quantity), group in exact.groupby(["activation", "quantity"]):
        errors = (group["value"] - group["theory"]).pow(2).groupby(group["depth"]).mean().pow(0.5)
        errors = errors[errors > 0]
        if len(errors) > 1:
            slopes[f"{quantity} ({activation})"] = float(np.dot(slope_weights(errors.index.tolist()), np.log2(errors)))
    if not slopes:
        raise TooLittleError("the study of kernels has a single depth", "add depths")
    worst = max(slopes, key=lambda name: abs(slopes[name] + 1.0))
    listed = ", ".join(f"{name} {slope:+.3f}" for name, slope in slopes.items())
    return _KERNEL_RATE.judge(Measured(slopes[worst], 0.0), detail=f"{listed}. {_simulated(table)}")


def _simulated(table: pd.DataFrame) -> str:
    """How far simulated networks are from the theory of their depth, for the reader."""
    networks = table[np.isfinite(table["width"]) & table["theory"].notna() & (table["theory"] != 0)]
    if networks.empty:
        return ""
    off = ((networks["value"] - networks["theory"]) / networks["theory"]).abs()
    return f"Simulated networks of width {networks['width'].max():.0f} differ by {off.median():.1%} (median)."


def _recursion(evidence: Evidence) -> Finding:
    """Judged at the strongest feature learning, and only where the lazy curve would not pass for the theory's."""
    table = _part(evidence, "fig7", "training")
    table = table[table["quantity"] == "f"]
    networks = table[np.isfinite(table["width"]) & table["theory"].notna()]
    if networks.empty:
        raise TooLittleError("the study of training has no finite network", "add one")
    strongest, weakest = table["gamma0"].max(), table["gamma0"].min()
    networks = networks[networks["gamma0"] == strongest]
    exact = table[np.isinf(table["width"]) & (table["gamma0"] == weakest)]
    lazy = networks.merge(exact[["depth", "updates", "value"]], on=["depth", "updates"], suffixes=("", "_lazy"))
    distance = (lazy["theory"] - lazy["value_lazy"]).abs() * np.sqrt(lazy["width"])
    apart = float(distance.groupby(lazy["width"]).max().min())
    if not apart > _OF_ORDER_ONE.high:
        raise TooLittleError(
            f"at gamma_0 = {strongest:g} a lazy network would pass as well (distance {apart:.2f})",
            "add a larger gamma_0",
        )
    scaled = (networks["value"] - networks["theory"]).abs() * np.sqrt(networks["width"])
    worst = scaled.idxmax()
    row = networks.loc[worst]
    measured = Measured(float(scaled[worst]), float(row["standard_error"] * np.sqrt(row["width"])))
    detail = (
        f"Worst at width {row['width']:.0f}, depth {row['depth']:.0f}, gamma_0 {row['gamma0']:g}, update "
        f"{row['updates']}: {row['value']:.4f} against {row['theory']:.4f}. The theory of gamma_0 {weakest:g} would be "
        f"off by {apart:.2f} in the same unit, or more."
    )
    return _OF_ORDER_ONE.judge(measured, detail=detail, missing="More networks.")


def _nonlinear(evidence: Evidence) -> Finding:
    """Judged at the widths, of every activation, at which the curve of a constant tangent kernel would not pass."""
    table = _part(evidence, "nonlinear", "training")
    where = ["activation", "depth", "updates"]
    theory = table[np.isinf(table["width"]) & np.isfinite(table["depth"])].set_index(["quantity", *where])
    exact = theory.loc["f"][["value", "standard_error"]].add_prefix("theory_")
    exact["lazy"] = _lazy_curve(theory)
    own = table[(table["quantity"] == "f") & np.isfinite(table["width"])].join(exact, on=where, how="inner")
    if own.empty:
        raise TooLittleError("the study of nonlinear networks has no finite network", "add one")
    scale = np.sqrt(own["width"])
    lazy = ((own["theory_value"] - own["lazy"]).abs() * scale).groupby([own["activation"], own["width"]])
    own = own.assign(
        apart=lazy.transform("max"),
        scaled=(own["value"] - own["theory_value"]).abs() * scale,
        error=np.hypot(own["standard_error"], own["theory_standard_error"]) * scale,
    )
    judged = own[own["apart"] > _OF_ORDER_ONE.high]
    if blind := sorted(set(own["activation"]) - set(judged["activation"])):
        raise TooLittleError(f"a lazy network of {', '.join(blind)} would pass as well", "add larger widths")
    row = judged.loc[judged["scaled"].idxmax()]
    detail = (
        f"Worst of widths {', '.join(f'{width:.0f}' for width in sorted(set(judged['width'])))}: {row['activation']}, "
        f"width {row['width']:.0f}, depth {row['depth']:.0f}, update {row['updates']}: {row['value']:.4f} against "
        f"{row['theory_value']:.4f}. With a constant kernel the theory would be off by {judged['apart'].min():.2f} in "
        "the same unit, or more."
    )
    return _OF_ORDER_ONE.judge(Measured(row["scaled"], row["error"]), detail=detail, missing="More networks.")


def _lazy_curve(theory: pd.DataFrame) -> pd.Series:
    """Predictor, were the tangent kernel of each activation and depth to stay what it is before training."""
    before = {name: theory.loc[name].xs(0, level="updates")["value"] for name in ("ntk", "loss")}
    target = np.sqrt(2.0 * before["loss"])
    f = theory.loc["f"]
    rate = (f["learning_rate"] * before["ntk"].reindex(f.index.droplevel("updates")).to_numpy()).to_numpy()
    updates = f.index.get_level_values("updates").to_numpy()
    size = target.reindex(f.index.droplevel("updates")).to_numpy()
    return pd.Series(size * (1.0 - (1.0 - rate) ** updates), index=f.index)


def _feature_learning(evidence: Evidence) -> Finding:
    table = _part(evidence, "fig7", "one_step")
    last = table[(table["quantity"] == "dH") & (table["tau"] == 1) & (table["updates"] == 1)]
    networks = last[np.isfinite(last["width"])]
    widest = networks[networks["width"] == networks["width"].max()]
    exponents = [_exponent(group.sort_values("gamma0")) for _, group in widest.groupby("depth")]
    exponents = [exponent for exponent in exponents if exponent is not None]
    if not exponents:
        raise TooLittleError("there are no three gamma_0 in equal ratios", "add them to the study")
    exact = last[np.isinf(last["width"]) & np.isfinite(last["depth"])]
    per_square = exact["value"] / exact["gamma0"] ** 2
    spread = per_square.groupby(exact["depth"]).agg(lambda values: values.max() / values.min() - 1.0).max()
    detail = f"In the theory dH / gamma_0^2 is the same to {spread:.1e}."
    return _SQUARE.judge(mean([e for e in exponents if e]), detail=detail, missing="More networks.")


def _exponent(group: pd.DataFrame) -> Measured | None:
    """Power of gamma_0 in dH, from differences, which a shift by finite width leaves alone."""
    top = group.tail(3)
    gamma0 = top["gamma0"].to_numpy(dtype=float)
    if len(top) < 3 or not np.isclose(gamma0[1] ** 2, gamma0[0] * gamma0[2]):
        return None
    values, errors = top["value"].to_numpy(dtype=float), top["standard_error"].to_numpy(dtype=float)
    lower, upper = np.diff(values)
    if lower <= 0 or upper <= 0:
        return None
    # of log2(upper / lower) in the three values; both differences hold the middle one
    gradient = np.array([1.0 / lower, -1.0 / lower - 1.0 / upper, 1.0 / upper]) / np.log(2.0)
    scale = 1.0 / float(np.log2(gamma0[1] / gamma0[0]))
    error = float(np.sqrt(((gradient * errors) ** 2).sum()))
    return Measured(scale * float(np.log2(upper / lower)), scale * error)


def _identity(evidence: Evidence) -> Finding:
    table = _part(evidence, "rates", "identity")
    where = ["quantity", "width", "depth", "updates", "tau", "mu", "nu"]
    sides = [table[table["alpha"] == alpha] for alpha in (0.5, 0.0)]
    if any(side.empty for side in sides):
        raise TooLittleError("the study of rates has one side of the identity", "make the table again")
    both = sides[0].merge(sides[1], on=where, validate="one_to_one")
    apart = float((both["value_x"] - both["value_y"]).abs().max() / both["value_y"].abs().max())
    detail = f"{len(both)} numbers compared at depth {', '.join(f'{d:.0f}' for d in sorted(set(both['depth'])))}."
    return Region(high=1e-6).judge(Measured(apart, 0.0), detail=detail)


CLAIMS = (
    Claim(
        "A14",
        "Appendix H",
        "The variance of the predictor over initializations falls as 1/N and depends little on depth.",
        "slope of log2(variance) over log2(width), and over log2(depth)",
        "between -5/4 and -3/4 over width; between -1/4 and 1/4 over depth",
        "Half way to the neighbouring half-integer powers.",
        ("theory/rates.parquet",),
        _variance,
        "rates",
    ),
    Claim(
        "A15",
        "Figure 6",
        "Before training, kernels of infinite width at depth L differ from their limit by 1/L.",
        "slope of log2(root mean square error over layer time) over log2(depth), the one farthest from -1",
        "between -5/4 and -3/4",
        "Half way to the neighbouring half-integer powers.",
        ("theory/fig6.parquet",),
        _kernels,
        "fig6",
    ),
    Claim(
        "A16",
        "Figure 7a",
        "Finite linear networks that learn features follow the theory's recursion up to an error of order N^(-1/2).",
        "largest difference of the mean predictor to the theory over training, times sqrt(N), target of order 1",
        "at most 1",
        "An error of order N^(-1/2) with a factor of order one.",
        ("theory/fig7.parquet",),
        _recursion,
        "fig7",
    ),
    Claim(
        "A17",
        "Figure 7b",
        "The change of the feature kernel in one step grows as gamma_0^2 in the linear network.",
        "exponent of gamma_0 in the kernel's change, from differences between simulated networks, mean over depths",
        "between 7/4 and 9/4",
        "Half way to the neighbouring half-integer powers.",
        ("theory/fig7.parquet",),
        _feature_learning,
        "fig7",
    ),
    Claim(
        "A18",
        "Rebuttal, Section 4",
        "A network scaled by beta/sqrt(L) with beta = sqrt(L) trains exactly as the unscaled one of that depth.",
        "largest difference between the two, relative to the largest value",
        "at most 1e-6",
        "The two are the same function; only rounding may differ.",
        ("theory/rates.parquet",),
        _identity,
        "rates",
    ),
    Claim(
        "A21",
        "Beyond the paper",
        "Finite ReLU and tanh networks that learn features follow the sampled theory up to an error of order N^(-1/2).",
        "largest difference of the mean predictor to the theory over training, times sqrt(N), target of order 1, at "
        "widths at which a constant kernel would be told apart",
        "at most 1",
        "An error of order N^(-1/2) with a factor of order one, as for linear networks.",
        ("theory/nonlinear.parquet",),
        _nonlinear,
        "nonlinear",
    ),
)
