"""From a base network to a target: factors on initial weights, learning rate, eps and decay of one tensor.

Everything is relative to the base network, where each factor is one. ``grows`` is a tensor's own dimension over that of
the base, m the number of residual branches over that of the base, alpha the exponent with which branches are scaled.

| what | initial weights | SGD | Adam | eps of Adam | source |
| --- | --- | --- | --- | --- | --- |
| input, lookup, vector | 1 | out | 1 | 1/out | Tensor Programs V (arXiv 2203.03466), Table 3 |
| hidden | in^-1/2 | out/in | 1/in | 1/out | the same |
| readout | 1/in | 1/in | 1/in | 1 | the same; its multiplier 1/in is folded |
| in a branch, times | 1 | m^(2 alpha - 1) | m^(alpha - 1) | m^-alpha | paper A, Appendix M; CompleteP (2505.01618) |
| repeated beside the branches, times | 1 | m^-1 | m^-1 | 1 | the same with alpha = 0: nothing scales it |
| folded factor a, times | a | a^2 | a | 1/a | ``absorb`` |

Muon turns an update into one of given spectral norm; the condition is that of arXiv 2310.17813, norm ~ sqrt(out/in),
less what torch's own adjustment does already. Over depth it is as Adam; that is contested (see docs/use-it.md).
"""

import math
from dataclasses import dataclass
from typing import Literal

from depthtransfer.errors import ConfigurationError

Kind = Literal["input", "vector", "hidden", "readout", "fixed"]
Place = Literal["branch", "repeated", "outside"]
OPTIMIZERS = ("sgd", "adam", "adamw", "muon")
DECAYS = ("scaled", "fixed", "independent")
RULES = {"mup": None, "depth_mup": 0.5, "completep": 1.0}
"""Exponent alpha by the name of a rule; None leaves depth alone."""


@dataclass(frozen=True)
class Factors:
    """Factors of one tensor relative to the base network; all dimensionless."""

    init: float
    learning_rate: float
    eps: float
    weight_decay: float


@dataclass(frozen=True)
class Situation:
    """What the factors of a tensor depend on.

    Attributes:
        kind: what the tensor does: see the module.
        place: whether it is in a residual branch, repeated beside them, or neither.
        in_growth, out_growth: its inputs and outputs over those of the base network.
        depth: residual branches over those of the base network.
        fold: factor on the function that is folded into it.
        muon: whether Muon trains it.
        muon_norm: torch's own adjustment over that at the base; see ``muon_adjustment``.
    """

    kind: Kind
    place: Place
    in_growth: float = 1.0
    out_growth: float = 1.0
    depth: float = 1.0
    fold: float = 1.0
    muon: bool = False
    muon_norm: float = 1.0


def factors(
    situation: Situation, *, optimizer: str, alpha: float | None, decay: str = "scaled", scale_eps: bool = True
) -> Factors:
    """The factors of one tensor.

    Args:
        situation: what it is and where.
        optimizer: sgd (with or without momentum), adam, adamw or muon.
        alpha: exponent of the branches; None leaves depth alone.
        decay: "scaled" keeps lr times decay the same at every size; "fixed" leaves the decay of the unfolded weight
            alone; "independent" is "scaled" for a decay that does not depend on the learning rate.
        scale_eps: whether eps follows the gradients.

    Raises:
        ConfigurationError: for an optimizer, a decay or an exponent that is not known.
    """
    if optimizer not in OPTIMIZERS:
        raise ConfigurationError(f"there is no rule for the optimizer '{optimizer}'", f"use {', '.join(OPTIMIZERS)}")
    if decay not in DECAYS:
        raise ConfigurationError(f"there is no decay '{decay}'", f"use {', '.join(DECAYS)}")
    if alpha is not None and not 0 <= alpha <= 1:
        raise ConfigurationError(f"alpha is {alpha:g}", "it lies between 0 and 1: 0.5 is Depth-muP, 1 CompleteP")
    sgd = optimizer == "sgd"
    init, rate, eps, absorbed = _width(situation, sgd)
    if situation.muon:
        rate = math.sqrt(situation.out_growth / situation.in_growth) / situation.muon_norm
    if alpha is not None and situation.place != "outside":
        exponent = alpha if situation.place == "branch" else 0.0
        rate *= situation.depth ** (2 * exponent - 1 if sgd else exponent - 1)
        eps *= situation.depth**-exponent
    a = situation.fold
    init, rate, eps, absorbed = init * a, rate * (a * a if sgd else a), eps / a, absorbed * a
    # A decay that is coupled to the gradient (SGD) meets the gradient of the folded weight, which is larger by 1/a.
    unfolded = absorbed**-2 if sgd else 1.0 / absorbed
    return Factors(init, rate, eps if scale_eps else 1.0, unfolded if decay == "fixed" else 1.0 / rate)


def _width(situation: Situation, sgd: bool) -> tuple[float, float, float, float]:
    """Factors of width on initial weights, learning rate and eps, and the multiplier that is folded."""
    n_in, n_out = situation.in_growth, situation.out_growth
    if situation.kind == "hidden":
        return n_in**-0.5, n_out / n_in if sgd else 1.0 / n_in, 1.0 / n_out, 1.0
    if situation.kind == "readout":
        return 1.0 / n_in, 1.0 / n_in, 1.0, 1.0 / n_in
    return 1.0, n_out if sgd else 1.0, 1.0 / n_out, 1.0


def muon_adjustment(rows: int, columns: int, how: str | None) -> float:
    """What torch.optim.Muon multiplies an update with, whose spectral norm is one otherwise.

    Args:
        rows, columns: of the weight as torch stores it.
        how: ``adjust_lr_fn``: "original" (None) or "match_rms_adamw".
    """
    if how == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    if how not in (None, "original"):
        raise ConfigurationError(f"Muon has no adjust_lr_fn '{how}'", "use original or match_rms_adamw")
    return math.sqrt(max(1.0, rows / columns))


def exponent_for(layers: int) -> tuple[float, str]:
    """The exponent that suits branches of so many weight layers, and why."""
    if layers <= 1:
        return 0.5, "one weight layer a branch: 1/sqrt(L) keeps every layer learning (papers A and B)"
    return 1.0, (
        f"{layers} weight layers a branch: at 1/sqrt(L) the inner ones stop learning features (arXiv 2512.21075), 1/L "
        "keeps them (2505.01618, 2603.00541)"
    )
