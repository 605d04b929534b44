"""What a parameter does, read off the operations in which it meets data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from depthtransfer.errors import ConfigurationError
from depthtransfer.planning.residuals import MATMULS, NORMS, is_weighted, scaled_by
from depthtransfer.planning.tracing import Graph, Node, Use
from depthtransfer.scaling.transfer_rule import Kind

TOLD = "told by the user"

Uses = Sequence[tuple[Node, int, Use]]
"""Operation, place among its operands, and how."""


@dataclass(frozen=True)
class Seen:
    """What a tensor does, the growth of its inputs and outputs, how that was found, and whether it is tied."""

    kind: Kind
    in_growth: float
    out_growth: float
    why: str
    tied: bool = False


def uses_of(graph: Graph) -> dict[str, list[tuple[Node, int, Use]]]:
    """Where each parameter meets data: the operation, the place among its operands, and how."""
    found: dict[str, list[tuple[Node, int, Use]]] = {}
    for node in graph.nodes:
        for place, use in enumerate(node.operands):
            for name in use.parameter:
                found.setdefault(name, []).append((node, place, use))
    return found


def _summed(node: Node, place: int, use: Use, rank: int) -> tuple[int, ...] | None:
    """Axes of a parameter over which an operation sums; None where they cannot be told, empty where there are none."""
    name = node.name
    if name not in MATMULS:
        return ()
    if name in ("convolution", "_convolution"):
        if place != 1:
            return ()
        transposed = next((each for each in node.scalars if isinstance(each, bool)), False)
        return (0, *range(2, rank)) if transposed else tuple(range(1, rank))
    if len(use.shape) < 2:
        return ()  # a bias
    if use.axes is None:
        return None
    if name == "linear":
        return (use.axes[1],) if place == 1 else ()
    matrices = [at for at, each in enumerate(node.operands) if len(each.shape) >= 2]
    if name in ("addmm", "baddbmm") and len(node.operands) == 3:
        matrices = [1, 2]
    if place not in matrices[:2]:
        return ()
    axis = use.axes[-1] if place == matrices[0] else use.axes[-2]
    return (axis,) if axis >= 0 else None


def kind_of(
    name: str,
    shape: tuple[int, ...],
    base: tuple[int, ...],
    uses: Sequence[tuple[Node, int, Use]],
    modules: Mapping[str, nn.Module],
    given: Kind | None,
) -> Seen:
    """What a tensor does, by its uses and the axes in which two networks differ."""
    grown = [size / before for size, before in zip(shape, base, strict=True)]
    several = next((use.parameter for _, _, use in uses if len(use.parameter) > 1), None)
    if several and given is None and any(growth != 1 for growth in grown):
        raise ConfigurationError(
            f"tensor '{name}' acts only together with {', '.join(n for n in several if n != name)}",
            f"remove the reparametrization, or say what it is: given={{'{name}': 'hidden'}}",
        )
    sums = {_summed(node, place, use, len(shape)) for node, place, use in uses if len(use.parameter) == 1}
    if not uses:
        sums, found = _by_module(name, modules)
        if not found and given is None:
            raise ConfigurationError(
                f"tensor '{name}' is not used by the forward pass that was looked at",
                f"give an input that uses it (batch=...), or say what it is: given={{'{name}': 'vector'}}",
            )
    if None in sums and given is None:
        raise ConfigurationError(
            f"tensor '{name}' {shape} is multiplied in a way that cannot be followed",
            f"say what it is: given={{'{name}': 'hidden'}} (input, hidden, readout, vector)",
        )
    axes = {each for each in sums if each}
    lookup = any(node.name in ("embedding", "index", "index_select", "gather") for node, _, _ in uses)
    if len(axes) > 1 and given is None:
        raise ConfigurationError(
            f"tensor '{name}' is used as a matrix and as its transpose",
            f"untie the two, or say what it is: given={{'{name}': 'hidden'}}",
        )
    if not axes:
        growth = max(grown, default=1.0)
        table = lookup or sum(size > 1 for size in shape) > 1
        return Seen(given or ("input" if table else "vector"), 1.0, growth, _words(False, growth, 1.0))
    summed = set(next(iter(axes)))
    n_in = _product(grown[axis] for axis in summed)
    n_out = _product(grown[axis] for axis in range(len(grown)) if axis not in summed)
    if lookup and given is None:
        return Seen("input", n_in, n_in, "embedding and readout at once", tied=True)
    if given is not None:
        return Seen(given, n_in, n_out, TOLD)
    kind: Kind = (
        "hidden" if n_in != 1 and n_out != 1 else "readout" if n_in != 1 else "input" if n_out != 1 else "fixed"
    )
    return Seen(kind, n_in, n_out, _words(True, n_out, n_in))


def _by_module(name: str, modules: Mapping[str, nn.Module]) -> tuple[set[tuple[int, ...] | None], bool]:
    """Of a tensor that no operation uses: over what its module would sum, if it is one of torch's own."""
    owner = modules.get(name.rpartition(".")[0])
    weight = name.endswith("weight")
    if isinstance(owner, nn.Linear):
        return {(1,) if weight else ()}, True
    if isinstance(owner, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return {(1, 2, 3, 4)[: owner.weight.dim() - 1] if weight else ()}, True
    if isinstance(owner, nn.LayerNorm | nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm | nn.RMSNorm | nn.Embedding):
        return {()}, True
    return set(), False


def _product(values: Any) -> float:
    product = 1.0
    for value in values:
        product *= value
    return product


def _words(matrix: bool, n_out: float, n_in: float) -> str:
    if not matrix:
        return f"acts on each entry, grows by {n_out:g}" if n_out != 1 else "acts on each entry, does not grow"
    return f"sums over inputs that grow by {n_in:g}, outputs grow by {n_out:g}"


def _heads(graph: Graph) -> list[int]:
    """Sizes of the heads of each attention, in the order of time."""
    sizes = []
    for node in graph.nodes:
        if node.name.startswith(("_scaled_dot_product", "scaled_dot_product")):
            sizes.append(node.operands[0].shape[-1])
        elif node.name in ("_softmax", "_safe_softmax", "softmax"):
            back = node
            for _ in range(20):
                before = [use.node for use in back.operands if use.node is not None]
                if not before:
                    break
                back = graph.nodes[before[0]]
                if back.name in MATMULS:
                    if not is_weighted(back):
                        sizes.append(back.operands[-2].shape[-1])
                    break
    return sizes


def growth_of_heads(small: Graph, large: Graph, *, allowed: bool) -> float:
    """By how much the heads of attention grow; refused unless logits are said to be scaled by 1 over their size."""
    growth = 1.0
    for before, after in zip(_heads(small), _heads(large), strict=False):
        if before != after and allowed:
            growth = max(growth, after / before)
        elif before != after:
            raise ConfigurationError(
                f"the heads of attention grow from {before} to {after}, and logits are scaled by 1/sqrt of their size",
                "keep their size fixed (heads = width // 64), or scale logits by 1/size and say heads_may_grow=True",
            )
    return growth


def gains_before(graph: Graph, name: str) -> tuple[str, ...]:
    """Gain and bias of the norm whose result a tied readout alone uses."""
    users = graph.users()
    for node in graph.nodes:
        if not (node.name in MATMULS and any(name in use.parameter for use in node.operands)):
            continue
        data = next((use.node for use in node.operands if use.node is not None), None)
        gains, obstacle = scaled_by(graph, int(data or 0), lambda number: True)
        owners = [each for each in graph.nodes if any(set(use.parameter) & set(gains) for use in each.operands)]
        one_dimensional = all(
            len(use.shape) <= 1 for each in owners for use in each.operands if set(use.parameter) & set(gains)
        )
        if not obstacle and gains and one_dimensional and all(_leads_only_to(users, owner, name) for owner in owners):
            return gains
    raise ConfigurationError(
        f"tensor '{name}' is embedding and readout at once, and no norm before the readout can take its factor",
        "untie the two (tie_word_embeddings=False)",
    )


def _leads_only_to(users: Mapping[int, Sequence[Node]], owner: Node, name: str) -> bool:
    """Whether an operation's result meets no other parameter than this on its way, and no sum with others."""
    todo, seen = [owner.number], set()
    while todo:
        for node in users.get(todo.pop(), ()):
            if node.number in seen:
                continue
            seen.add(node.number)
            if node.name in MATMULS | NORMS and any(use.parameter for use in node.operands):
                if not any(name in use.parameter for use in node.operands):
                    return False
            elif node.name in MATMULS:
                return False
            else:
                todo.append(node.number)
    return bool(seen)
