"""A plan: how a network of another size is initialized and trained so that the base network's settings carry over.

Factors go into initial weights, learning rates, eps and decay. The network stays the one that ``make`` builds: no hook,
no module replaced, nothing that a copy, a compiler or a checkpoint could lose.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

import torch
from torch import nn

from depthtransfer.errors import ConfigurationError
from depthtransfer.files import write_atomic
from depthtransfer.planning.rows import Row, Settings, row_of
from depthtransfer.planning.structure import Make, Sizes, Structure
from depthtransfer.planning.uses import TOLD
from depthtransfer.scaling.transfer_rule import Kind

_VERSION = 1
_SURE = 4.0  # standard errors of a measured root mean square
_PREFIXES = ("module.", "_orig_mod.", "_fsdp_wrapped_module.")


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan for one network, one target size and one optimizer.

    Attributes:
        settings: what it was made for.
        rows: one a trained tensor, in the network's order.
        notes: what a reader has to know.
        make: builds the network; None after ``load_plan`` without it.
        structure: what was found; None after ``load_plan``.
        rms: root mean square of the base network's initial values, by the name of the target's tensor.
        remake: makes the same plan for another target.
    """

    settings: Settings
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    make: Make | None = None
    structure: Structure | None = None
    rms: Mapping[str, float] | None = None
    remake: "Callable[[Sizes], Plan] | None" = None

    def at(self, **sizes: int) -> "Plan":
        """The same plan for another target; roles that were ``set`` are kept where a tensor of that name is.

        Raises:
            ConfigurationError: see ``plan``; also for a plan that was loaded.
        """
        if self.remake is None or self.structure is None:
            raise ConfigurationError("a plan that was loaded cannot be made for another size", "make it with plan(...)")
        made = self.remake({**self.settings.target, **sizes})
        there = {row.tensor for row in made.rows}
        for each in self.structure.tensors:
            if each.why == TOLD and each.name in there:
                made = made.set(each.name, each.kind)
        return made

    @property
    def hash(self) -> str:
        """SHA-256 of everything that the plan does; belongs into a checkpoint."""
        return hashlib.sha256(json.dumps(self._content(), sort_keys=True).encode()).hexdigest()

    def __str__(self) -> str:
        settings = self.settings
        sizes = ", ".join(f"{name} {settings.base[name]} to {size}" for name, size in settings.target.items())
        depth = "depth left alone" if settings.alpha is None else f"branches scaled by depth^-{settings.alpha:g}"
        headings = ("tensor", "role", "block", "init", "fold", "lr", "decay", "eps", "why")
        lines = [
            (
                *(row.tensor, row.role + (" (muon)" if row.muon else "")),
                str(row.block) if row.block else "repeated" if row.place == "repeated" else "-",
                *(f"{value:.4g}" for value in (row.init, row.fold, row.learning_rate, row.weight_decay, row.eps)),
                row.why,
            )
            for row in self.rows
        ]
        widths = [max(len(line[at]) for line in (headings, *lines)) for at in range(len(headings))]
        table = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (headings, *lines)
        )
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"{sizes}; {settings.optimizer}; {depth}\n\n{table}\n{notes}"

    def set(self, tensor: str, role: Kind) -> "Plan":
        """The plan with another role for a tensor.

        Raises:
            ConfigurationError: if there is no such tensor or role.
        """
        if self.structure is None or self.rms is None:
            raise ConfigurationError("a plan that was loaded cannot be changed", "make it anew with plan(...)")
        if role not in get_args(Kind):
            raise ConfigurationError(f"there is no role '{role}'", f"use {', '.join(get_args(Kind))}")
        names = [each.name for each in self.structure.tensors]
        if tensor not in names:
            raise ConfigurationError(f"there is no tensor '{tensor}'", f"the network has {', '.join(names[:5])}, ...")
        tensors = tuple(
            replace(each, kind=role, why=TOLD) if each.name == tensor else each for each in self.structure.tensors
        )
        structure = replace(self.structure, tensors=tensors)
        rows = tuple(row_of(each, structure, self.settings, self.rms) for each in tensors if each.trained)
        return replace(self, rows=rows, structure=structure)

    def build(self, device: str | torch.device | None = None, *, seed: int | None = None, **sizes: int) -> nn.Module:
        """The target network with its initial weights scaled in place.

        Args:
            device: where to move it; built where torch's default device is.
            seed: of torch's generators, set before building; they are left alone if None.
            sizes: none but the target's; given to catch a plan for another size.

        Raises:
            ConfigurationError: if the network is another one than the plan is for.
        """
        if self.make is None:
            raise ConfigurationError("the plan was loaded without its network", "give it: load_plan(path, make)")
        if sizes and sizes != self.settings.target:
            raise ConfigurationError(
                f"the plan is for {self.settings.target}, not {sizes}", "make a plan for this size"
            )
        if seed is not None:
            torch.manual_seed(seed)
        model = self.make(**self.settings.target)
        self.initialize(model)
        return model if device is None else model.to(device)

    @torch.no_grad()
    def initialize(self, model: nn.Module) -> None:
        """Scale the initial weights of a target network in place; twice is the same as once.

        Raises:
            ConfigurationError: if a tensor is missing, of another shape, without values, or zero unlike at the base.
        """
        parameters = self._matched(model)
        for row in self.rows:
            parameter = parameters[row.tensor]
            if parameter.is_meta:
                raise ConfigurationError(f"tensor '{row.tensor}' has no values", "build it on a device first")
            if row.initial == 0.0:
                continue
            values = parameter.to_local() if hasattr(parameter, "to_local") else parameter
            found = float(values.float().square().mean().sqrt())
            if found == 0.0:
                raise ConfigurationError(
                    f"tensor '{row.tensor}' starts from zero at the target and not at the base",
                    "initialize it alike at every size",
                )
            ratio = row.initial / found
            # What is to start as at the base, and does up to the chance of the draw, is left as it was drawn.
            constant = bool((values == values.flatten()[0]).all())
            chance = 0.0 if constant else _SURE / math.sqrt(2.0 * min(values.numel(), row.entries))
            if abs(ratio - 1.0) > (chance if row.init == 1.0 else 0.0) + 1e-5:
                parameter.mul_(ratio)

    def groups(
        self,
        model: nn.Module,
        lr: float,
        *,
        weight_decay: float = 0.0,
        eps: float = 1e-8,
        part: str | None = None,
    ) -> list[dict[str, Any]]:
        """Parameter groups for a torch optimizer, one for each set of factors.

        Args:
            model: the target network, or what DDP, FSDP2 or compile made of it.
            lr, weight_decay, eps: what suits the base network; a decay is decoupled in AdamW and Muon, coupled in SGD.
            part: of a plan for Muon: "muon" for torch.optim.Muon, "adamw" for the rest; else None.

        Returns:
            Groups with params, lr, weight_decay and, for Adam, eps; and lr_factor, by which ``check`` finds ratios that
            were lost.

        Raises:
            ConfigurationError: if the network is another one, or the arguments do not fit the optimizer.
        """
        optimizer = self.settings.optimizer
        if (part in ("muon", "adamw")) != (optimizer == "muon"):
            raise ConfigurationError(
                f"part={part!r} does not fit a plan for {optimizer}",
                "with Muon ask for part='muon' and part='adamw', each for an optimizer of its own; else for none",
            )
        if optimizer == "adam" and weight_decay:
            raise ConfigurationError("Adam's coupled weight decay has no rule", "use AdamW, or a decay of 0")
        parameters = self._matched(model)
        groups: dict[tuple[float, float, float], dict[str, Any]] = {}
        for row in self.rows:
            if part is not None and row.muon != (part == "muon"):
                continue
            rate = lr * row.learning_rate
            decay = weight_decay * row.weight_decay
            if self.settings.decay == "independent":
                decay /= lr
            group = {"params": [], "lr": rate, "weight_decay": decay, "lr_factor": row.learning_rate}
            if optimizer != "sgd" and part != "muon":
                group["eps"] = eps * row.eps
            made = groups.setdefault((row.learning_rate, row.weight_decay, row.eps if "eps" in group else 0.0), group)
            made["params"].append(parameters[row.tensor])
        return list(groups.values())

    def check(self, optimizer: torch.optim.Optimizer) -> None:
        """Make sure that an optimizer's groups still have the plan's ratios: resuming and schedulers may flatten them.

        Raises:
            ConfigurationError: naming the ratio that was lost.
        """
        expected = {round(math.log(row.learning_rate), 9) for row in self.rows}
        bases = []
        for group in optimizer.param_groups:
            factor = group.get("lr_factor")
            if factor is None or round(math.log(factor), 9) not in expected:
                raise ConfigurationError(
                    "a group of the optimizer is not one of the plan's",
                    "make it with AdamW(plan.groups(model, lr=...))",
                )
            bases.append(float(group["lr"]) / factor)
        if max(bases) > 0 and max(bases) - min(bases) > 1e-6 * max(bases):
            raise ConfigurationError(
                f"learning rates of groups no longer have the plan's ratios: their base is {min(bases):.4g} "
                f"to {max(bases):.4g}",
                "load the optimizer's state before the scheduler is made, and schedule factors, not one rate for all",
            )

    def save(self, path: str | Path) -> None:
        """Write the plan as JSON.

        Raises:
            StoreError: if the file cannot be written.
        """
        write_atomic(Path(path), json.dumps({**self._content(), "hash": self.hash}, indent=1).encode())

    def _content(self) -> dict[str, Any]:
        return {"version": _VERSION, "settings": asdict(self.settings), "rows": [asdict(row) for row in self.rows]}

    def _matched(self, model: nn.Module) -> dict[str, nn.Parameter]:
        """The parameters of a network by the plan's names."""
        found = {_bare(name): parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
        wanted = {row.tensor: row.shape for row in self.rows}
        for name in wanted:
            if name not in found:
                raise ConfigurationError(f"the network has no trained tensor '{name}'", "make a plan for this network")
            shape = tuple(found[name].shape)
            if shape != tuple(wanted[name]):
                raise ConfigurationError(
                    f"tensor '{name}' is {shape}, the plan is for {tuple(wanted[name])}", "make a plan for this size"
                )
        if extra := sorted(found.keys() - wanted.keys()):
            raise ConfigurationError(f"the plan has no tensor '{extra[0]}'", "make a plan for this network")
        return found


def _bare(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.replace(prefix, "") if prefix != "module." else name.removeprefix(prefix)
    return name


def load_plan(path: str | Path, make: Make | None = None) -> Plan:
    """Read a plan that ``Plan.save`` wrote.

    Args:
        path: of the file.
        make: builds the network; needed for ``Plan.build`` alone.

    Raises:
        ConfigurationError: if the file is missing, damaged or was changed.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        settings = Settings(**content["settings"])
        rows = tuple(Row(**{**row, "shape": tuple(row["shape"])}) for row in content["rows"])
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}", "name a file that Plan.save wrote") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path} is no plan: {error}", "name a file that Plan.save wrote") from error
    read = Plan(settings, rows, (), make)
    if content.get("hash") != read.hash:
        raise ConfigurationError(f"{path} was changed after it was written", "make the plan anew")
    return read
