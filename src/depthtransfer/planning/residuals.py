"""Residual branches in a traced graph: where they begin and end, what they hold, and how they are scaled.

A residual sum adds two results of which one comes from a common ancestor without passing a weight (the skip) and the
other with at least one (the branch). A sum in which both pass weights is one of two things: branches side by side, if
their sum is a branch of a residual sum in turn; or a skip with a projection, as at the stages of a ResNet.

A branch is scaled by scaling its *ends*: the weights after which it is only added up, moved, or passed through what a
positive factor passes through. After a norm these are the norm's gain and bias, after a LayerScale it is that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from depthtransfer.planning.tracing import Graph, Node, Use

MATMULS = {"mm", "addmm", "bmm", "baddbmm", "matmul", "linear", "convolution", "_convolution", "mv", "addmv",
           "_grouped_mm", "einsum"}  # fmt: skip
NORMS = {"native_layer_norm", "native_group_norm", "native_batch_norm", "cudnn_batch_norm", "_native_batch_norm_legit",
         "_native_batch_norm_legit_functional", "miopen_batch_norm", "batch_norm", "layer_norm", "group_norm",
         "_fused_rms_norm", "rms_norm", "_batch_norm_with_update"}  # fmt: skip
_SUMS = {"add", "add_", "sub", "sub_", "cat", "stack", "index_add", "index_add_", "scatter_add", "scatter_add_"}
_WRITES = {"index_put", "index_put_", "copy_", "slice_scatter", "index_copy", "index_copy_", "scatter", "scatter_"}
_PASSES = {
    *("view", "_unsafe_view", "reshape", "t", "transpose", "permute", "expand", "clone", "contiguous"),
    *("_to_copy", "to", "detach", "alias", "squeeze", "unsqueeze", "slice", "select", "index", "gather"),
    *("index_select", "flatten", "split", "split_with_sizes", "unbind", "chunk", "native_dropout", "dropout"),
    *("mean", "sum", "roll", "constant_pad_nd", "pad", "repeat", "repeat_interleave", "neg", "avg_pool2d"),
    *("avg_pool1d", "_adaptive_avg_pool2d", "adaptive_avg_pool2d", "upsample_nearest2d", "upsample_bilinear2d"),
    *("im2col", "col2im", "relu", "relu_", "leaky_relu", "leaky_relu_", "max_pool2d_with_indices"),
    *("max_pool2d", "adaptive_max_pool2d", "masked_fill", "masked_fill_", "where", "as_strided", "lift_fresh"),
    *("unfold", "zero_", "view_as_real", "view_as_complex", "pixel_shuffle", "reflection_pad2d", "cumsum"),
}  # fmt: skip
"""Operations through which a positive factor on their first operand passes unchanged."""
_PRODUCTS = {"mul", "mul_", "div", "div_"}


@dataclass(frozen=True)
class Branch:
    """One residual branch.

    Attributes:
        number: counted from 1 in the order of time.
        begin, end: the operation whose result is skipped from, and the sum.
        ends: parameters by which it is scaled.
        layers: most weight matrices one after another in it: k.
        obstacle: why it cannot be scaled by its parameters; empty if it can.
    """

    number: int
    begin: int
    end: int
    ends: tuple[str, ...]
    layers: int
    obstacle: str = ""


@dataclass(frozen=True)
class Residuals:
    """The residual branches of a network, and for each parameter the branches that use it."""

    branches: tuple[Branch, ...]
    inside: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class _Sum:
    """A sum of two results with a common ancestor: how many weights lie between it and each of them."""

    node: Node
    ancestor: int
    operands: tuple[int, int]
    weights: tuple[int, int]


def find_residuals(graph: Graph) -> Residuals:
    """Find the residual branches of a graph, innermost ones only where they are nested."""
    ancestors = _ancestors(graph)
    sums = [found for node in graph.nodes if (found := _sum(graph, ancestors, node)) is not None]
    plain = {each.node.number: each for each in sums if min(each.weights) == 0 < max(each.weights)}
    both = [each for each in sums if min(each.weights) > 0]
    interiors = {number: _interior(graph, ancestors, each) for number, each in plain.items()}
    chosen = dict(plain)
    for each in both:
        # Inside of a branch it is a sum of branches side by side, or of a matrix and its low-rank update.
        nested = any(each.node.number in interior for interior in interiors.values())
        if not nested and each.weights[0] != each.weights[1]:
            chosen[each.node.number] = each
            interiors[each.node.number] = _interior(graph, ancestors, each)
    for number in list(chosen):
        if any(other in interiors[number] for other in chosen if other != number):
            del chosen[number]  # it holds whole residual blocks: not one of them
    branches: list[Branch] = []
    inside: dict[str, tuple[int, ...]] = {}
    for place, (number, each) in enumerate(sorted(chosen.items()), start=1):
        ends, obstacle = _ends(graph, each, interiors[number])
        branches.append(Branch(place, each.ancestor, number, ends, max(each.weights), obstacle))
        for name in _parameters(graph, interiors[number]):
            inside[name] = (*inside.get(name, ()), place)
    return Residuals(tuple(branches), inside)


def _ancestors(graph: Graph) -> list[int]:
    """For each node the set of it and of all that it comes from, as the bits of a number."""
    sets: list[int] = []
    for node in graph.nodes:
        bits = 1 << node.number
        for use in node.operands:
            if use.node is not None:
                bits |= sets[use.node]
        sets.append(bits)
    return sets


def _sum(graph: Graph, ancestors: list[int], node: Node) -> _Sum | None:
    """A sum of two results of the same size with a common ancestor and a weight in between."""
    if node.name not in ("add", "add_"):
        return None
    uses = [use for use in node.operands if use.node is not None]
    if len(uses) != 2 or uses[0].shape != uses[1].shape or uses[0].node == uses[1].node:
        return None
    first, second = int(uses[0].node or 0), int(uses[1].node or 0)
    common = ancestors[first] & ancestors[second]
    ancestor = common.bit_length() - 1
    if ancestor < 0:
        return None
    weights = _longest(graph, ancestors, ancestor, first), _longest(graph, ancestors, ancestor, second)
    return _Sum(node, ancestor, (first, second), weights) if max(weights) else None


def is_weighted(node: Node) -> bool:
    """Whether an operation multiplies by a matrix or a kernel of parameters."""
    return node.name in MATMULS and any(use.parameter for use in node.operands if len(use.shape) > 1)


def _longest(graph: Graph, ancestors: list[int], begin: int, end: int) -> int:
    """Most weight matrices on a way from one node to another."""
    best = {begin: 0}
    inside = ancestors[end]
    for number in range(begin + 1, end + 1):
        if not inside >> number & 1 or not ancestors[number] >> begin & 1:
            continue
        node = graph.nodes[number]
        before = [best[use.node] for use in node.operands if use.node in best]
        if before:
            best[number] = max(before) + is_weighted(node)
    return best.get(end, 0)


def _interior(graph: Graph, ancestors: list[int], each: _Sum) -> set[int]:
    """Nodes between the common ancestor and the branch's result, that included."""
    branch = each.operands[0] if each.weights[0] > each.weights[1] else each.operands[1]
    return {
        number
        for number in range(each.ancestor + 1, branch + 1)
        if ancestors[branch] >> number & 1 and ancestors[number] >> each.ancestor & 1
    }


def _parameters(graph: Graph, nodes: Iterable[int]) -> list[str]:
    found = {name: None for number in nodes for use in graph.nodes[number].operands for name in use.parameter}
    return list(found)


def _ends(graph: Graph, each: _Sum, interior: set[int]) -> tuple[tuple[str, ...], str]:
    branch = each.operands[0] if each.weights[0] > each.weights[1] else each.operands[1]
    found = scaled_by(graph, branch, interior.__contains__)
    return found if found[0] else ((), found[1] or "nothing in it can be scaled")


def scaled_by(graph: Graph, end: int, inside: Callable[[int], bool]) -> tuple[tuple[str, ...], str]:
    """Parameters whose scaling scales a result, or why there are none.

    Args:
        graph: the operations.
        end: number of the result.
        inside: whether an operation may be looked at; beyond, nothing may be scaled.
    """
    known: dict[int, tuple[tuple[str, ...], str]] = {}

    def walk(number: int) -> tuple[tuple[str, ...], str]:
        if number not in known:
            known[number] = (
                ((), f"'{graph.nodes[number].name}' lies before every weight")
                if not inside(number)
                else step(graph.nodes[number])
            )
        return known[number]

    def every(uses: Iterable[Use]) -> tuple[tuple[str, ...], str]:
        names: dict[str, None] = {}
        for use in uses:
            if use.node is not None:
                part, obstacle = walk(use.node)
                if obstacle:
                    return (), obstacle
                names.update(dict.fromkeys(part))
            elif use.parameter:
                names.update(dict.fromkeys(use.parameter))
        return tuple(names), ""

    def either(uses: Iterable[Use]) -> tuple[tuple[str, ...], str]:
        why = ""
        for use in uses:
            if use.node is None:
                continue
            names, obstacle = walk(use.node)
            if names and not obstacle:
                return names, ""
            why = why or obstacle
        return (), why or "nothing in it can be scaled"

    def step(node: Node) -> tuple[tuple[str, ...], str]:
        weights = tuple(dict.fromkeys(name for use in node.operands for name in use.parameter))
        if node.name in MATMULS | NORMS and weights:
            return weights, ""
        if node.name in NORMS:
            return (), f"it ends with a norm without a gain ('{node.name}')"
        if node.name in _PRODUCTS:
            if weights:
                return weights, ""
            return either(node.operands if node.name.startswith("mul") else node.operands[:1])
        if node.name in MATMULS:
            return either(reversed(node.operands))
        if node.name.startswith("_scaled_dot_product"):
            return walk(int(node.operands[2].node or 0))
        if node.name in _SUMS:
            return every(node.operands)
        if node.name in _WRITES:
            return every([use for use in node.operands if use.node is not None and len(use.shape) == len(node.shape)])
        if node.name in _PASSES:
            data = [use for use in node.operands if use.node is not None]
            if node.name == "where":
                return every(node.operands[1:])
            return walk(int(data[0].node or 0)) if data else ((), "")
        return (), f"'{node.name}' comes after its last weight"

    return walk(end)
