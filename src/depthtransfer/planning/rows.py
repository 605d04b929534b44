"""What a plan does with each tensor: the rule's factors for what the tensor was found to be."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from depthtransfer.planning.structure import Structure, Tensor
from depthtransfer.scaling.transfer_rule import Factors, Kind, Place, Situation, factors, muon_adjustment


@dataclass(frozen=True)
class Row:
    """What is done with one tensor of the target network.

    Attributes:
        tensor: its qualified name.
        shape: its shape.
        role: input, hidden, readout, vector, or fixed (neither of its sides grows).
        place: branch, repeated (with depth, beside the branches) or outside.
        block: number of the first residual branch that uses it; 0 for none.
        initial: root mean square of its initial values; 0 leaves them as they are.
        entries: of the base network's tensor, on which that was measured.
        init, fold, learning_rate, eps, weight_decay: factors relative to the base; ``fold`` is part of the others.
        muon: whether Muon trains it.
        why: how its role was found.
    """

    tensor: str
    shape: tuple[int, ...]
    role: Kind
    place: Place
    block: int
    initial: float
    entries: int
    init: float
    fold: float
    learning_rate: float
    eps: float
    weight_decay: float
    muon: bool
    why: str


@dataclass(frozen=True)
class Settings:
    """What a plan was made for.

    Attributes:
        base, target: sizes.
        optimizer: sgd, adam, adamw or muon.
        rule: as it was asked for.
        alpha: exponent with which branches are scaled; None where depth is left alone.
        decay: scaled, fixed or independent; see ``scaling.transfer_rule``.
        scale_eps: whether eps follows the gradients.
        muon_adjustment: ``adjust_lr_fn`` of torch.optim.Muon.
    """

    base: dict[str, int]
    target: dict[str, int]
    optimizer: str
    rule: str
    alpha: float | None
    decay: str
    scale_eps: bool
    muon_adjustment: str | None


def row_of(tensor: Tensor, structure: Structure, settings: Settings, rms: Mapping[str, float]) -> Row:
    """The row of one tensor, from what was found and the base network's initial values (root mean squares)."""
    alpha = settings.alpha
    place: Place = "branch" if tensor.scaled else "repeated" if tensor.repeated and not tensor.branches else "outside"
    fold = 1.0
    if tensor.end and alpha is not None:
        fold *= structure.depth**-alpha
    gains, growth = structure.tied
    if tensor.name in gains:
        fold /= growth
    inner = tensor.kind == "hidden" or (tensor.kind == "fixed" and bool(tensor.branches))
    matrix = inner and len(tensor.shape) == 2
    muon = settings.optimizer == "muon" and matrix
    situation = Situation(
        tensor.kind,
        place,
        tensor.in_growth if tensor.kind in ("hidden", "readout") else 1.0,
        tensor.out_growth,
        structure.depth,
        fold,
        muon,
        _muon_norm(tensor, settings) if muon else 1.0,
    )
    made: Factors = factors(
        situation, optimizer=settings.optimizer, alpha=alpha, decay=settings.decay, scale_eps=settings.scale_eps
    )
    entries = max(round(math.prod(tensor.shape) / (tensor.in_growth * tensor.out_growth)), 1)
    return Row(
        tensor.name, tensor.shape, tensor.kind, place, min(tensor.branches, default=0),
        rms[tensor.name] * made.init, entries, made.init, fold, made.learning_rate, made.eps, made.weight_decay, muon,
        tensor.why,
    )  # fmt: skip


def _muon_norm(tensor: Tensor, settings: Settings) -> float:
    """torch's adjustment of Muon at the target over that at the base."""
    rows, columns = tensor.shape
    before = round(rows / tensor.out_growth), round(columns / tensor.in_growth)
    how = settings.muon_adjustment
    return muon_adjustment(rows, columns, how) / muon_adjustment(*before, how)
