"""A coordinate check with a verdict: whether what a plan promises of activations and their updates is so.

Small networks of several widths and depths are trained for a few steps. What comes out of every module that holds
parameters, the logits of attention and the output are looked at: their root mean square before training, and that of
their change. Each is fitted by a power of the size, and the rule promises the exponents: over width all of it stays,
over depth all but what a branch adds, which falls as depth^-alpha. Readouts start smaller the wider a network is, by
design: there only changes have to stay.

Where blocks are repeated the largest value of them counts, so that one block that was forgotten shows.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from depthtransfer.errors import ConfigurationError, UserError
from depthtransfer.planning.planned import Plan

LEVEL = 0.99
_LOGITS = "attention logits"
_NEIGHBOUR = 0.5  # rules that are wrong move an exponent by half a power at least
_SLACK = 0.15  # by which small networks may learn less than large ones, beyond the tolerance


class CoordinateError(UserError):
    """A network whose activations do not move as the plan promises."""


@dataclass(frozen=True)
class Exponent:
    """How one quantity moves with size.

    Attributes:
        what: "update" (of a module's output, since before training) or "activation" (before training).
        over: "width" or "depth".
        module: the module of the base network, for all blocks that correspond to it; "output" for the network itself.
        value, low, high: exponent with its 99% interval.
        allowed_low, allowed_high: what the rule allows.
        values: root mean squares, one for each size, averaged over seeds as logarithms.
    """

    what: str
    over: str
    module: str
    value: float
    low: float
    high: float
    allowed_low: float
    allowed_high: float
    values: tuple[float, ...]

    @property
    def off(self) -> bool:
        """Whether the interval lies beyond what is allowed."""
        return self.high < self.allowed_low or self.low > self.allowed_high

    @property
    def undecided(self) -> bool:
        """Whether the interval is so wide that it also holds what a neighbouring rule gives."""
        beyond = max(self.high - self.allowed_high, self.allowed_low - self.low)
        return not self.off and beyond >= _NEIGHBOUR

    @property
    def ok(self) -> bool:
        """Whether the interval touches what is allowed, and no neighbouring rule would do as well."""
        return not (self.off or self.undecided)


@dataclass(frozen=True)
class CoordinateCheck:
    """The exponents of a check.

    Attributes:
        exponents: all that were fitted.
        sizes: widths and depths that were trained.
        steps: updates made.
    """

    exponents: tuple[Exponent, ...]
    sizes: Mapping[str, tuple[int, ...]]
    steps: int

    @property
    def culprits(self) -> tuple[Exponent, ...]:
        """What does not move as promised, the farthest off first."""
        wrong = [each for each in self.exponents if each.off]
        return tuple(sorted(wrong, key=lambda each: -max(each.low - each.allowed_high, each.allowed_low - each.high)))

    @property
    def undecided(self) -> tuple[Exponent, ...]:
        """What is known too badly to tell, the widest interval first."""
        return tuple(sorted((e for e in self.exponents if e.undecided), key=lambda each: each.low - each.high))

    @property
    def ok(self) -> bool:
        """Whether everything moves as promised."""
        return not (self.culprits or self.undecided)

    def assert_ok(self) -> None:
        """Do nothing if everything moves as promised.

        Raises:
            CoordinateError: naming what is farthest off, or else what cannot be told.
        """
        if self.culprits:
            worst = self.culprits[0]
            raise CoordinateError(
                f"the {worst.what} of '{worst.module}' goes as {worst.over}^{worst.value:.2f} [{worst.low:.2f}, "
                f"{worst.high:.2f}] where {worst.allowed_low:g} to {worst.allowed_high:g} is promised "
                f"({len(self.culprits)} of {len(self.exponents)} exponents are off)",
                "look at the tensors of this module in print(plan), or give their roles: given={...}",
            )
        if self.undecided:
            widest = self.undecided[0]
            raise CoordinateError(
                f"cannot tell how the {widest.what} of '{widest.module}' goes with {widest.over}: exponent "
                f"{widest.value:.2f} [{widest.low:.2f}, {widest.high:.2f}] where {widest.allowed_low:g} to "
                f"{widest.allowed_high:g} is promised ({len(self.undecided)} of {len(self.exponents)} are not known)",
                f"give more seeds, or sizes farther apart: seeds=..., {widest.over}s=[...]",
            )

    def __str__(self) -> str:
        headings = ("what", "over", "module", "exponent", "99% interval", "promised", "")
        lines = [
            (
                *(each.what, each.over, each.module, f"{each.value:+.2f}", f"[{each.low:+.2f}, {each.high:+.2f}]"),
                f"{each.allowed_low:+.2f} to {each.allowed_high:+.2f}",
                "OFF" if each.off else "cannot tell" if each.undecided else "",
            )
            for each in self.exponents
        ]
        widths = [max(len(line[at]) for line in (headings, *lines)) for at in range(len(headings))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (headings, *lines)
        )

    def figure(self) -> Any:
        """Every quantity over its size, what is off drawn in colour, as a matplotlib figure."""
        from matplotlib.figure import Figure

        shown = [over for over in ("width", "depth") if len(self.sizes.get(over, ())) > 1]
        figure = Figure(figsize=(4.2 * max(len(shown), 1), 3.4), layout="constrained")
        for place, over in enumerate(shown):
            axes = figure.add_subplot(1, len(shown), place + 1)
            for each in (each for each in self.exponents if each.over == over):
                style = {"color": "0.75", "linewidth": 0.8} if each.ok else {"label": f"{each.module} ({each.what})"}
                axes.loglog(self.sizes[over], each.values, marker=".", **style)
            axes.set_xlabel(over)
            axes.set_ylabel(f"root mean square after {self.steps} steps")
            if any(not each.ok for each in self.exponents if each.over == over):
                axes.legend(fontsize=6)
        return figure


def coordinate_check(
    plan: Plan,
    batch: Any,
    *,
    targets: torch.Tensor | None = None,
    lr: float | None = None,
    steps: int = 4,
    seeds: int = 6,
    widths: Sequence[int] | None = None,
    depths: Sequence[int] | None = None,
    tolerance: float = 0.2,
    at: Callable[[Mapping[str, int]], Plan] | None = None,
) -> CoordinateCheck:
    """Train small networks for a few steps and compare how activations move with what the plan's rule promises.

    Args:
        plan: the plan; networks of other sizes follow plans made from the same base.
        batch: an input on the device to train on: a tensor, a tuple, a mapping of keywords, or a function of the sizes
            that returns one.
        targets: classes for a cross entropy on the output; guessed where None: the next token for tokens, fixed classes
            for an output of two axes, else fixed random values for a mean square.
        lr: learning rate of the base network; 0.01 for Adam and Muon, 0.1 for SGD if None.
        steps: updates.
        seeds: networks of each size.
        widths, depths: sizes; the base's times 1, 2 and 4 if None.
        tolerance: how far an exponent may be from the promised one.
        at: makes the plan of a size; ``plan.at`` if None.

    Raises:
        CoordinateError: if a network yields nothing finite.
        ConfigurationError: see ``plan``.
    """
    base = plan.settings.base
    names = {"width": [name for name in base if name != "depth"], "depth": ["depth"] if "depth" in base else []}
    if plan.settings.alpha is None:
        names["depth"] = []  # no rule, no promise
    chosen = {"width": widths, "depth": depths}
    sizes = {
        over: tuple(chosen[over] or (base[axes[0]] * factor for factor in (1, 2, 4)))
        for over, axes in names.items()
        if axes
    }
    found: list[Exponent | None] = []
    for over, values in sizes.items():
        measured: dict[tuple[str, str], dict[int, list[float]]] = {}
        promised: dict[tuple[str, str], tuple[float, float]] = {}
        for size in values:
            target = {**base, **{name: base[name] * size // base[names[over][0]] for name in names[over]}}
            made = at(target) if at else plan.at(**target)
            for seed in range(seeds):
                for key, value in _trained(made, target, batch, targets, lr, steps, seed).items():
                    measured.setdefault(key, {}).setdefault(size, []).append(value)
            promised |= {key: _promise(made, over, key, tolerance) for key in measured}
        whole = {key: points for key, points in measured.items() if len(points) == len(values) > 1}
        found += [_fitted(over, key, points, promised[key]) for key, points in whole.items()]
    return CoordinateCheck(tuple(each for each in found if each is not None), sizes, steps)


def _trained(
    plan: Plan,
    target: Mapping[str, int],
    batch: Any,
    targets: torch.Tensor | None,
    lr: float | None,
    steps: int,
    seed: int,
) -> dict[tuple[str, str], float]:
    """Root mean squares of one network before training and of their changes, by what they are of."""
    inputs = batch(**target) if callable(batch) else batch
    tensors = [each for each in tree_flatten(inputs)[0] if isinstance(each, torch.Tensor)]
    if not tensors:
        raise ConfigurationError("the batch holds no tensor", "give an input of the network")
    model = plan.build(tensors[0].device, seed=seed).train()
    optimizers = _optimizers(plan, model, lr)
    owners = {name: module for name, module in model.named_modules() if name and _is_looked_at(module)}
    before: dict[str, torch.Tensor] = {}
    seen: dict[str, torch.Tensor] = {}
    for step in range(steps + 1):
        seen = {}
        hooks = [module.register_forward_hook(_remember(name, seen)) for name, module in owners.items()]
        torch.manual_seed(seed)  # dropout leaves out the same at every step: what changes is what was learned
        with _Logits(seen):
            output = _forward(model, inputs)
        for hook in hooks:
            hook.remove()
        seen["output"] = output.detach()
        if not bool(output.isfinite().all()):
            raise CoordinateError(
                f"the output is not finite after {step} steps at {dict(target)}", "lower lr, or look at print(plan)"
            )
        if step == 0:
            before = seen
        if step < steps:
            for optimizer in optimizers:
                optimizer.zero_grad()
            torch.autograd.backward(_loss(output, tensors[0], targets))
            for optimizer in optimizers:
                optimizer.step()
    families = _families(plan)
    families |= {name: _LOGITS for name in before if name.startswith(_LOGITS)}
    found: dict[tuple[str, str], float] = {}
    for name in before.keys() & seen.keys():
        if before[name].shape == seen[name].shape:
            for what, values in (("activation", before[name]), ("update", seen[name] - before[name])):
                key = what, families.get(name, name)
                found[key] = max(found.get(key, 0.0), float(values.float().square().mean().sqrt()))
    return found


def _optimizers(plan: Plan, model: nn.Module, lr: float | None) -> list[torch.optim.Optimizer]:
    kind = plan.settings.optimizer
    rate = lr if lr is not None else 0.1 if kind == "sgd" else 0.01
    if kind == "sgd":
        return [torch.optim.SGD(plan.groups(model, rate))]
    if kind == "muon":
        parts = {part: plan.groups(model, rate, part=part) for part in ("muon", "adamw")}
        made: list[torch.optim.Optimizer] = []
        if parts["muon"]:
            made.append(torch.optim.Muon(parts["muon"], adjust_lr_fn=plan.settings.muon_adjustment))
        return [*made, torch.optim.AdamW(parts["adamw"])]
    return [(torch.optim.AdamW if kind == "adamw" else torch.optim.Adam)(plan.groups(model, rate))]


def _forward(model: nn.Module, inputs: Any) -> torch.Tensor:
    if isinstance(inputs, Mapping):
        result = model(**inputs)
    else:
        result = model(*inputs) if isinstance(inputs, tuple | list) else model(inputs)
    flat = tree_flatten(dict(result) if hasattr(result, "keys") else result)[0]
    output = next(
        (each for each in flat if isinstance(each, torch.Tensor) and each.is_floating_point() and each.dim()), None
    )
    if output is None:
        raise ConfigurationError("the network returns no tensor of numbers", "let it return its output")
    return output


def _loss(output: torch.Tensor, first: torch.Tensor, targets: torch.Tensor | None) -> torch.Tensor:
    classes = output.shape[-1]
    if targets is not None:
        return nn.functional.cross_entropy(output.reshape(-1, classes), targets.reshape(-1))
    if not first.is_floating_point() and output.dim() == 3:
        return nn.functional.cross_entropy(output[:, :-1].reshape(-1, classes), first[:, 1:].reshape(-1))
    if output.dim() == 2:
        return nn.functional.cross_entropy(output, torch.arange(len(output), device=output.device) % classes)
    generator = torch.Generator().manual_seed(0)
    wanted = torch.randn(output.shape, generator=generator).to(output)
    return (output - wanted).square().mean()


def _is_looked_at(module: nn.Module) -> bool:
    """Whether a module holds parameters and nothing else, or is torch's attention, which reads those of its parts."""
    whole = isinstance(module, nn.MultiheadAttention)
    return whole or (bool(module._parameters) and not any(True for _ in module.children()))


def _remember(name: str, seen: dict[str, torch.Tensor]) -> Callable[[nn.Module, Any, Any], None]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        first = next((each for each in tree_flatten(output)[0] if isinstance(each, torch.Tensor)), None)
        if first is not None and first.is_floating_point():
            seen[name] = first.detach().clone()

    return hook


class _Logits(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Remembers what softmax is taken of, also inside of fused attention."""

    def __init__(self, seen: dict[str, torch.Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen = seen
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, keywords = func.overloadpacket.__name__, kwargs or {}
        if name.startswith("_scaled_dot_product") and "backward" not in name:
            query, key = args[0].detach(), args[1].detach()
            scale = keywords.get("scale") or query.shape[-1] ** -0.5
            if query.shape[:-2] == key.shape[:-2]:
                self.keep(query @ key.transpose(-2, -1) * scale)
        elif name in ("_softmax", "_safe_softmax") and args[0].dim() >= 3:
            self.keep(args[0])
        return func(*args, **keywords)

    def keep(self, logits: torch.Tensor) -> None:
        self.seen[f"{_LOGITS}.{self.count}"] = logits.detach().clone().clamp(min=-1e4)
        self.count += 1


def _families(plan: Plan) -> dict[str, str]:
    """For each module with parameters the one of the base network that it corresponds to: repeated blocks are one."""
    tensors = plan.structure.tensors if plan.structure else ()
    return {each.name.rpartition(".")[0]: each.like.rpartition(".")[0] for each in tensors}


def _promise(plan: Plan, over: str, key: tuple[str, str], tolerance: float) -> tuple[float, float]:
    """The exponents that the rule allows for one quantity."""
    what, family = key
    families = _families(plan)
    owned = {row.tensor: families.get(row.tensor.rpartition(".")[0], "") for row in plan.rows}
    rows = [row for row in plan.rows if f"{owned[row.tensor]}.".startswith(f"{family}.")]
    ends = {each.name for each in plan.structure.tensors if each.end} if plan.structure else set()
    lowest, highest = -tolerance - _SLACK, tolerance
    alpha = plan.settings.alpha or 0.0
    if over == "width":
        if any(row.place == "outside" and row.fold != 1.0 for row in rows):
            return -1.0 + lowest, -1.0 + highest  # the factor of a tied readout
        if family == _LOGITS and what == "activation" and plan.structure and plan.structure.heads != 1.0:
            return -0.5 + lowest, -0.5 + highest  # scaled by 1 over the size of heads, random before training
        small_at_first = family in ("output", _LOGITS) or any(row.role == "readout" for row in rows)
        return (-0.5 + lowest if small_at_first and what == "activation" else lowest), highest
    if any(row.tensor in ends for row in rows):
        return (-alpha - tolerance if what == "activation" else -1.0 + lowest), -alpha + tolerance
    if family == _LOGITS or any(row.place != "outside" for row in rows):
        return (-1.0 + lowest if what == "update" else lowest), highest
    return lowest, highest


def _fitted(
    over: str, key: tuple[str, str], points: Mapping[int, Sequence[float]], promised: tuple[float, float]
) -> Exponent | None:
    """The exponent of one quantity by least squares over all networks; None where one is zero."""
    from scipy.special import stdtrit

    every = [(math.log(size), value) for size, values in sorted(points.items()) for value in values]
    if any(value <= 0 or not math.isfinite(value) for _, value in every):
        return None
    x, y = [place for place, _ in every], [math.log(value) for _, value in every]
    middle, level = sum(x) / len(x), sum(y) / len(y)
    spread = sum((each - middle) ** 2 for each in x)
    slope = sum((each - middle) * (value - level) for each, value in zip(x, y, strict=True)) / spread
    residual = sum((v - level - slope * (u - middle)) ** 2 for u, v in zip(x, y, strict=True))
    degrees = max(len(x) - 2, 1)
    half = float(stdtrit(degrees, 0.5 + LEVEL / 2)) * math.sqrt(residual / degrees / spread)
    means = tuple(_geometric(values) for _, values in sorted(points.items()))
    return Exponent(key[0], over, key[1], slope, slope - half, slope + half, *promised, means)


def _geometric(values: Iterable[float]) -> float:
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))
