"""All that a run in the middle consists of, as named tensors, so that it goes on from there with the same bits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from depthtransfer.training.loop import History
from depthtransfer.training.probing import Probe

_ROWS = ("loss", "accuracy", "learning_rate_factor")


@dataclass(frozen=True)
class Parts:
    """What changes while a run trains, beside its rows.

    Args:
        model: the network, with its buffers.
        optimizer: of all its weights.
        probe: what was looked at.
        draws: stream of the augmentation; the order of the batches follows from the seed and the number of rows.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    probe: Probe
    draws: torch.Generator


def snapshot(parts: Parts, history: History) -> dict[str, Tensor]:
    """Return copies, on the CPU and contiguous, of everything as it stands after the last row's update.

    Args:
        parts: of the run.
        history: rows so far.
    """
    state = {f"model/{name}": tensor for name, tensor in parts.model.state_dict().items()}
    for index, slots in parts.optimizer.state_dict()["state"].items():
        for slot, value in slots.items():
            if value is not None:
                state[f"optimizer/{index}/{slot}"] = torch.as_tensor(value)
    for name in _ROWS:
        state[f"history/{name}"] = torch.tensor(getattr(history, name), dtype=torch.float64)
    state["history/seconds"] = torch.tensor(history.seconds, dtype=torch.float64)
    state["probe/steps"] = torch.tensor(parts.probe.steps, dtype=torch.int64)
    state["probe/logits"] = torch.tensor(parts.probe.logits, dtype=torch.float64)
    state["probe/updates"] = torch.tensor(parts.probe.updates, dtype=torch.float64)
    state["probe/distances"] = torch.tensor(parts.probe.distances, dtype=torch.float64)
    state["draws"] = parts.draws.get_state()
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}


def restore(state: Mapping[str, Tensor], parts: Parts) -> History:
    """Put a snapshot back into parts made from the same specification, and return its rows.

    Raises:
        ValueError: if the snapshot is not one of such a run; the parts are then no longer to be used.
    """
    try:
        _restore_model(state, parts.model)
        _restore_optimizer(state, parts.optimizer)
        parts.probe.steps, parts.probe.logits = state["probe/steps"].tolist(), state["probe/logits"].tolist()
        parts.probe.updates = state["probe/updates"].tolist()
        parts.probe.distances = state["probe/distances"].tolist()
        parts.draws.set_state(state["draws"])
        loss, accuracy, factor = (state[f"history/{name}"].tolist() for name in _ROWS)
        return History(loss, accuracy, factor, seconds=state["history/seconds"].item())
    except (KeyError, RuntimeError, IndexError, TypeError) as error:
        raise ValueError(f"not the state of this run: {error}") from error


def _restore_model(state: Mapping[str, Tensor], model: nn.Module) -> None:
    model.load_state_dict(
        {name.removeprefix("model/"): value for name, value in state.items() if name.startswith("model/")}
    )


def _restore_optimizer(state: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
    """Give every weight its own slots in its own memory format; rates and groups are those of the specification."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    slots: dict[int, dict[str, Any]] = {}
    for name, value in state.items():
        kind, _, rest = name.partition("/")
        if kind == "optimizer":
            index, _, slot = rest.partition("/")
            weight = weights[int(index)]
            like_weight = value.shape == weight.shape
            slots.setdefault(int(index), {})[slot] = torch.empty_like(weight).copy_(value) if like_weight else value
    if len({frozenset(slots.get(index, ())) for index in range(len(weights))}) > 1:
        raise ValueError("not the state of this run: weights differ in what the optimizer keeps of them")
    optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})
