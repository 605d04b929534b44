"""What a network computes, as a graph: every operation of one forward pass, seen on tensors that have no memory.

A dispatch mode sees the operations below modules and autograd, so it does not matter how a model is written: with
modules or functions, in place, in whatever style of a library. Tensors stand on the meta device: nothing is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten


@dataclass(frozen=True)
class Use:
    """One operand of an operation.

    Attributes:
        node: the operation that made it; None for parameters, buffers and constants.
        parameter: names of the parameters that it was made from alone, without any data.
        axes: for an operand that is a single parameter with its axes exchanged: which of the parameter's axes stands at
            each place; None where they cannot be followed.
        shape: of the operand.
    """

    node: int | None
    parameter: tuple[str, ...] = ()
    axes: tuple[int, ...] | None = None
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Node:
    """One operation on data.

    Attributes:
        number: its place in time.
        name: of the operator, such as ``addmm``.
        operands: its tensors in order.
        shape: of its first result.
        scalars: its other arguments.
    """

    number: int
    name: str
    operands: tuple[Use, ...]
    shape: tuple[int, ...]
    scalars: tuple[Any, ...] = ()


@dataclass
class Graph:
    """Operations that data pass through, in the order of time; number 0 is the input."""

    nodes: list[Node] = field(default_factory=list)
    last: tuple[int, ...] = ()

    def users(self) -> dict[int, list[Node]]:
        """The operations that use each one's result."""
        found: dict[int, list[Node]] = {}
        for node in self.nodes:
            for number in {use.node for use in node.operands if use.node is not None}:
                found.setdefault(number, []).append(node)
        return found


_SAME_AXES = {"clone", "contiguous", "detach", "alias", "_to_copy", "to", "lift_fresh", "view_as", "_conj", "cast"}


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down operations on data; follows the axes of parameters that are only turned around."""

    def __init__(self, names: dict[int, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.graph = Graph([Node(0, "input", (), ())])
        self.names = names
        self.made: dict[int, Use] = {}
        self.alive: list[torch.Tensor] = []  # ids are unique among the living

    def use(self, tensor: torch.Tensor) -> Use:
        shape = tuple(int(size) for size in tensor.shape)
        if id(tensor) in self.made:
            return self.made[id(tensor)]
        name = self.names.get(id(tensor))
        if name is not None:
            return Use(None, (name,), tuple(range(tensor.dim())), shape)
        return Use(None, (), None, shape)

    def keep(self, tensor: torch.Tensor, use: Use) -> None:
        self.made[id(tensor)] = use
        self.alive.append(tensor)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        flat, _ = tree_flatten((args, kwargs or {}))
        operands = tuple(self.use(each) for each in flat if isinstance(each, torch.Tensor))
        results = [each for each in tree_flatten(result)[0] if isinstance(each, torch.Tensor)]
        if not results:
            return result
        name = func.overloadpacket.__name__
        shape = tuple(int(size) for size in results[0].shape)
        if any(use.node is not None for use in operands):
            scalars = tuple(each for each in flat if isinstance(each, int | float | bool))
            number = len(self.graph.nodes)
            self.graph.nodes.append(Node(number, name, operands, shape, scalars))
            for each in results:
                self.keep(each, Use(number, (), None, tuple(int(size) for size in each.shape)))
            return result
        names = tuple(dict.fromkeys(name for use in operands for name in use.parameter))
        axes = _turned(name, func, args, operands, shape) if len(names) == 1 else None
        for each in results:
            if names:
                self.keep(each, Use(None, names, axes, tuple(int(size) for size in each.shape)))
            elif id(each) in self.made:
                del self.made[id(each)]
        return result


def _turned(
    name: str, func: Any, args: Any, operands: tuple[Use, ...], shape: tuple[int, ...]
) -> tuple[int, ...] | None:
    """The axes of a parameter after one operation on it alone."""
    before = operands[0]
    if before.axes is None:
        return None
    axes = before.axes
    if name == "t":
        return axes[::-1]
    if name == "transpose":
        first, second = (axis % len(axes) for axis in args[1:3])
        order = list(axes)
        order[first], order[second] = order[second], order[first]
        return tuple(order)
    if name == "permute":
        return tuple(axes[axis] for axis in args[1])
    if name in _SAME_AXES or shape == before.shape:
        return axes
    if name in ("select", "unbind"):
        axis = (args[1] if len(args) > 1 else 0) % len(axes)
        return axes[:axis] + axes[axis + 1 :]
    if name in ("slice", "split", "split_with_sizes", "chunk", "narrow"):
        return axes
    if name in ("view", "_unsafe_view", "reshape", "unsqueeze", "squeeze", "expand"):
        # Axes of size one come and go; the others keep their order if their sizes do.
        old = [(axis, size) for axis, size in zip(axes, before.shape, strict=True) if size != 1]
        new = [size for size in shape if size != 1]
        if [size for _, size in old] == new:
            sizes = iter(axis for axis, _ in old)
            return tuple(next(sizes) if size != 1 else -1 for size in shape)
    return None


def trace(model: nn.Module, inputs: Sequence[Any], keywords: dict[str, Any]) -> Graph:
    """The graph of one forward pass in training mode.

    Args:
        model: on the meta device.
        inputs, keywords: of the forward pass; tensors on the meta device.

    Raises:
        Exception: whatever the model raises.
    """
    training = model.training
    recorder = _Recorder({id(parameter): name for name, parameter in model.named_parameters()})
    for each in tree_flatten((list(inputs), keywords))[0]:
        if isinstance(each, torch.Tensor):
            recorder.keep(each, Use(0, (), None, tuple(int(size) for size in each.shape)))
    model.train()
    try:
        with torch.device("meta"), recorder:
            output = model(*inputs, **keywords)
    finally:
        model.train(training)
    results = tree_flatten(dict(output) if hasattr(output, "keys") else output)[0]
    uses = [recorder.use(each) for each in results if isinstance(each, torch.Tensor)]
    recorder.graph.last = tuple(use.node for use in uses if use.node is not None)
    return recorder.graph
