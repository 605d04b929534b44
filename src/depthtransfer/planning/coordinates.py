"""A coordinate check with a verdict: whether what a plan promises of activations and their updates is so.

Small networks of several widths and depths are trained for a few steps. For the output of every module the root mean
square of its change since the first step is fitted by a power of the size, and so is the root mean square of the network's
output. The rule promises the exponents: features change by as much at every width and depth, and inside of a branch, or
in what it adds, by depth to a power that depends on alpha. A readout that grows or shrinks at the first step alone is no
failure: what starts at random there decays with width by design, so exponents of activations are judged from above only.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_flatten, tree_map

from depthtransfer.errors import UserError
from depthtransfer.planning.making import plan as make_plan
from depthtransfer.planning.planned import Plan

_T = {1: 12.7, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23, 12: 2.18, 15: 2.13}


class CoordinateError(UserError):
    """A network whose activations do not move as the plan promises."""


@dataclass(frozen=True)
class Exponent:
    """How one quantity moves with size.

    Attributes:
        what: "update" (change of a module's output since before training), "activation" or "output".
        over: "width" or "depth".
        module: the module, with the place of repeated blocks left open; "output" for the network itself.
        value, low, high: exponent with its 99% interval.
        allowed_low, allowed_high: what the rule allows.
        values: root mean squares, one for each size, averaged over seeds.
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
    def ok(self) -> bool:
        """Whether the interval touches what is allowed."""
        return self.high >= self.allowed_low and self.low <= self.allowed_high


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
        wrong = [each for each in self.exponents if not each.ok]
        return tuple(sorted(wrong, key=lambda each: -max(each.low - each.allowed_high, each.allowed_low - each.high)))

    @property
    def ok(self) -> bool:
        """Whether everything moves as promised."""
        return not self.culprits

    def assert_ok(self) -> None:
        """Do nothing if everything moves as promised.

        Raises:
            CoordinateError: naming what is farthest off.
        """
        if self.culprits:
            worst = self.culprits[0]
            raise CoordinateError(
                f"the {worst.what} of '{worst.module}' goes as {worst.over}^{worst.value:.2f} [{worst.low:.2f}, "
                f"{worst.high:.2f}] where {worst.allowed_low:g} to {worst.allowed_high:g} is promised "
                f"({len(self.culprits)} of {len(self.exponents)} exponents are off)",
                "look at the tensors of this module in print(plan), or give their roles: given={...}",
            )

    def __str__(self) -> str:
        headings = ("what", "over", "module", "exponent", "99% interval", "promised", "")
        lines = [
            (
                *(each.what, each.over, each.module, f"{each.value:+.2f}", f"[{each.low:+.2f}, {each.high:+.2f}]"),
                f"{each.allowed_low:+.2f} to {each.allowed_high:+.2f}",
                "" if each.ok else "OFF",
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
                axes.loglog(self.sizes[over], each.values, marker=".", **style)  # type: ignore[arg-type]
            axes.set_xlabel(over)
            axes.set_ylabel(f"root mean square after {self.steps} steps")
            if any(not each.ok for each in self.exponents if each.over == over):
                axes.legend(fontsize=6)
        return figure


def coordinate_check(
    plan: Plan,
    batch: Any,
    *,
    targets: Any = None,
    lr: float = 1e-2,
    steps: int = 4,
    seeds: int = 3,
    widths: Sequence[int] | None = None,
    depths: Sequence[int] | None = None,
    tolerance: float = 0.2,
) -> CoordinateCheck:
    """Train small networks for a few steps and compare how activations move with what the plan's rule promises.

    Args:
        plan: the plan; its network is built at other sizes, with plans of their own made from the same base.
        batch: an input: a tensor, a tuple, or a mapping of keywords.
        targets: classes, for a cross entropy on the first output; the mean square of the outputs' distance to fixed random
            values if None.
        lr: learning rate of the base network; SGD without momentum, Adam or AdamW as the plan has it.
        steps: updates.
        seeds: networks of each size.
        widths, depths: sizes; the base's times 1, 2, 4 and 8 if None.
        tolerance: how far an exponent may be from the promised one.

    Raises:
        CoordinateError: if a network yields nothing finite.
        ConfigurationError: see ``plan``.
    """
    base = plan.settings.base
    sizes: dict[str, tuple[int, ...]] = {}
    width_names = [name for name in base if name != "depth"]
    if width_names:
        sizes["width"] = tuple(widths or (base[width_names[0]] * factor for factor in (1, 2, 4, 8)))
    if "depth" in base:
        sizes["depth"] = tuple(depths or (base["depth"] * factor for factor in (1, 2, 4, 8)))
    found: list[Exponent] = []
    for over, values in sizes.items():
        if len(values) < 2:
            continue
        measured: dict[tuple[str, str], dict[int, list[float]]] = {}
        for size in values:
            names = width_names if over == "width" else ["depth"]
            target = {**base, **{name: base[name] * size // base[names[0]] for name in names}}
            for seed in range(seeds):
                for key, value in _trained(plan, target, batch, targets, lr, steps, seed).items():
                    measured.setdefault(key, {}).setdefault(size, []).append(value)
        found += [
            _exponent(over, key, points, plan, tolerance) for key, points in measured.items() if len(points) == len(values)
        ]
    return CoordinateCheck(tuple(found), sizes, steps)


def _trained(
    plan: Plan, target: Mapping[str, int], batch: Any, targets: Any, lr: float, steps: int, seed: int
) -> dict[tuple[str, str], float]:
    """Root mean squares of one network after a few steps, by what they are of."""
    model, optimizers = _prepared(plan, target, lr, seed)
    model.train()
    inside = _inside(plan, target)
    before: dict[str, torch.Tensor] = {}
    after: dict[str, torch.Tensor] = {}
    for step in range(steps + 1):
        seen: dict[str, torch.Tensor] = {}
        hooks = [
            module.register_forward_hook(_remember(name, seen))
            for name, module in model.named_modules()
            if name and not list(module.children())
        ]
        output = _output(model, batch)
        for hook in hooks:
            hook.remove()
        seen["output"] = output.detach()
        if step == 0:
            before = seen
        if step == steps:
            after = seen
            break
        loss = _loss(output, targets)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    grouped: dict[tuple[str, str], list[float]] = {}
    for name in after:
        if name not in before or before[name].shape != after[name].shape:
            continue
        family = _family(name, inside)
        grouped.setdefault(("update", family), []).append(_rms(after[name] - before[name]))
        grouped.setdefault(("activation", family), []).append(_rms(after[name]))
    return {key: math.sqrt(sum(value**2 for value in values) / len(values)) for key, values in grouped.items()}
