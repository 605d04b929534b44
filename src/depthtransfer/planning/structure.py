"""What every tensor of a network is, found by building it at several sizes and looking at what it computes.

Three networks are built on the meta device: the base, one as deep as the target, and the target. Which tensors are
repeated with depth is read off the first two, which of a tensor's axes grow off the last two, and over which axis it
sums off the traced graph. No name decides anything; names only pair a tensor of one network with that of another.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from depthtransfer.errors import ConfigurationError
from depthtransfer.planning.residuals import Residuals, find_residuals
from depthtransfer.planning.tracing import Graph, trace
from depthtransfer.planning.uses import Uses, gains_before, growth_of_heads, kind_of, uses_of
from depthtransfer.scaling.transfer_rule import Kind

Make = Callable[..., nn.Module]
Sizes = Mapping[str, int]


@dataclass(frozen=True)
class Tensor:
    """One parameter of the target network.

    Attributes:
        name: its qualified name.
        shape: at the target.
        like: the tensor of the base network that it corresponds to.
        in_growth, out_growth: its inputs and outputs over those of the base network.
        kind: what it does.
        branches: residual branches that use it, by number.
        scaled: whether one of them is of a kind of which a deeper network has more.
        end: whether branches are scaled by it.
        repeated: whether there are more of it in a deeper network.
        trained: whether it requires a gradient.
        why: how its kind was found.
    """

    name: str
    shape: tuple[int, ...]
    like: str
    in_growth: float
    out_growth: float
    kind: Kind
    branches: tuple[int, ...]
    scaled: bool
    end: bool
    repeated: bool
    trained: bool
    why: str


@dataclass(frozen=True)
class Structure:
    """What was found about a network between two sizes.

    Attributes:
        tensors: of the target, in its own order.
        depth: residual branches of the kinds that are repeated, over those of the base.
        branches: number of residual branches of the target.
        layers: most weight layers in a branch: k.
        heads: size of an attention's heads over that at the base width.
        tied: gains of the last norm, by which a tied readout is scaled, and the growth of its inputs.
        notes: what a reader has to know.
    """

    tensors: tuple[Tensor, ...]
    depth: float
    branches: int
    layers: int
    heads: float
    tied: tuple[tuple[str, ...], float]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Network:
    """One network on the meta device."""

    model: nn.Module
    shapes: dict[str, tuple[int, ...]]


def examine(
    make: Make, base: Sizes, target: Sizes, batch: Any, given: Mapping[str, Kind], *, heads_may_grow: bool
) -> Structure:
    """Find the structure of a network between two sizes.

    Args:
        make: builds it from ``width`` and ``depth``, as far as ``base`` names them.
        base, target: sizes.
        batch: an input of the forward pass, or several; guessed where None.
        given: kinds that the user knows better.
        heads_may_grow: whether attention that is scaled by 1 over the size of its heads was taken care of.

    Raises:
        ConfigurationError: naming the tensor that cannot be placed, and what to do.
    """
    widened = {name: size for name, size in target.items() if name != "depth"}
    deep_sizes = {name: size for name, size in target.items() if name == "depth"}
    small, deep = _meta(make, base), _meta(make, {**base, **deep_sizes})
    large = _meta(make, {**base, **widened, **deep_sizes})
    if deep.shapes.keys() != large.shapes.keys():
        odd = sorted(deep.shapes.keys() ^ large.shapes.keys())[0]
        raise ConfigurationError(
            f"tensor '{odd}' exists at one width only", "let make() build the same layers at every width"
        )
    probe, unseen = _probe(make, base, target, large)
    graph = _traced(large.model, _inputs(large.model, batch))
    found = find_residuals(graph)
    heads = growth_of_heads(_traced(deep.model, _inputs(deep.model, batch)), graph, allowed=heads_may_grow)
    before, repeated = _repeated(small.shapes, deep.shapes)
    growing = _holding(found, repeated)
    depth = 1.0
    if depth_changes(base, target):
        known = len(_holding(find_residuals(_traced(small.model, _inputs(small.model, batch))), before))
        if not known or not growing:
            raise _no_rule(_matrix_outside(found, repeated, large) or next(iter(large.shapes)))
        depth = len(growing) / known
    uses = uses_of(graph)
    ends = {name for branch in found.branches if branch.number in growing for name in branch.ends}
    _check_branches(found, growing, uses, ends)
    tensors, tied_names, notes = [], [], [unseen] if unseen else []
    trained = {name: parameter.requires_grad for name, parameter in large.model.named_parameters()}
    modules = dict(large.model.named_modules())
    for name, shape in large.shapes.items():
        like = _counterpart(name, deep.shapes[name], small.shapes)
        seen = kind_of(name, probe[name], deep.shapes[name], uses.get(name, ()), modules, given.get(name))
        n_in, n_out = (seen.in_growth, seen.out_growth) if probe is large.shapes else (1.0, 1.0)
        if seen.tied:
            tied_names.append((name, n_in))
        if name not in given and depth != 1.0 and name == _matrix_outside(found, repeated & {name}, large):
            raise _no_rule(name)
        places = found.inside.get(name, ())
        tensors.append(
            Tensor(
                name, shape, like, n_in, n_out, seen.kind, places, bool(growing & set(places)), name in ends,
                name in repeated, trained[name], seen.why,
            )
        )  # fmt: skip
    gains: tuple[tuple[str, ...], float] = ((), 1.0)
    for name, growth in tied_names:
        if growth != 1.0:
            gains = (gains_before(graph, name), growth)
            notes.append(f"'{name}' is embedding and readout at once: the readout's factor is in {', '.join(gains[0])}")
    chosen = [branch for branch in found.branches if branch.number in growing] or found.branches
    layers = max((branch.layers for branch in chosen), default=0)
    return Structure(tuple(tensors), depth, len(found.branches), layers, heads, gains, tuple(notes))


def depth_changes(base: Sizes, target: Sizes) -> bool:
    """Whether base and target differ in depth."""
    return base.get("depth") != target.get("depth")


def _meta(make: Make, sizes: Sizes) -> _Network:
    with torch.device("meta"):
        try:
            model = make(**sizes)
        except NotImplementedError as error:
            raise ConfigurationError(
                f"the network cannot be built on the meta device: {error}",
                "let make() only build it: no loading of weights and no reading of values",
            ) from error
    return _Network(model, {name: tuple(parameter.shape) for name, parameter in model.named_parameters()})


def _inputs(model: nn.Module, batch: Any) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Inputs to try, on the meta device."""
    if batch is not None:
        moved = torch.utils._pytree.tree_map(
            lambda each: torch.empty_like(each, device="meta") if isinstance(each, torch.Tensor) else each, batch
        )
        if isinstance(moved, Mapping):
            return [((), dict(moved))]
        return [((tuple(moved) if isinstance(moved, tuple | list) else (moved,)), {})]
    first = next((each for each in model.parameters()), None)
    if first is None:
        raise ConfigurationError("the network has no parameters", "let make() build one that is trained")
    images, features = [], []
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            images = [(2, module.in_channels, size, size) for size in (224, 64, 32, 256, 384, 28)]
            break
    widths = dict.fromkeys(module.in_features for module in model.modules() if isinstance(module, nn.Linear))
    widths |= dict.fromkeys(module.embed_dim for module in model.modules() if isinstance(module, nn.MultiheadAttention))
    for size in list(widths)[:2]:
        features += [(2, size), (2, 8, size)]
    tokens = any(isinstance(module, nn.Embedding) for module in model.modules())
    candidates: list[Any] = [torch.empty((2, 8), dtype=torch.long, device="meta")] if tokens else []
    candidates += [torch.empty(shape, device="meta") for shape in (*images, *features)]
    return [((each,), {}) for each in candidates]


def _traced(model: nn.Module, tries: Sequence[tuple[tuple[Any, ...], dict[str, Any]]]) -> Graph:
    """The graph of the first input that the network takes."""
    first: Exception | None = None
    for inputs, keywords in tries:
        for dtype in (None, torch.bfloat16):  # some kernels are for half precision only, also on the meta device
            try:
                if dtype is not None:
                    model.to(dtype)
                    inputs, keywords = torch.utils._pytree.tree_map(
                        lambda each: (
                            each.to(torch.bfloat16)
                            if isinstance(each, torch.Tensor) and each.is_floating_point()
                            else each
                        ),
                        (inputs, keywords),
                    )
                return trace(model, inputs, keywords)
            except Exception as error:
                first = first or error
            finally:
                if dtype is not None:
                    model.to(torch.float32)
    what = f"{type(first).__name__}: {str(first).splitlines()[0][:120]}" if first else "nothing to try"
    raise ConfigurationError(
        f"the network takes none of the inputs that were tried ({what})", "give one of its inputs: plan(..., batch=...)"
    )


def _counterpart(name: str, shape: tuple[int, ...], base: Mapping[str, tuple[int, ...]]) -> str:
    """The tensor of the base network that a tensor of a deeper one corresponds to."""
    if base.get(name) == shape:
        return name
    numbers = re.findall(r"\d+", name)
    near: list[tuple[int, int, str]] = []
    for other, its_shape in base.items():
        if its_shape != shape or re.sub(r"\d+", "#", other) != re.sub(r"\d+", "#", name):
            continue
        distances = [abs(int(a) - int(b)) for a, b in zip(numbers, re.findall(r"\d+", other), strict=True)]
        differing = sum(distance > 0 for distance in distances)
        if differing <= 2:  # the number of the block, and of a layer in it where the first block is unlike the others
            near.append((differing, sum(distances), other))
    if not near:
        raise ConfigurationError(
            f"tensor '{name}' {shape} has no counterpart in the base network",
            "let base and target differ in width and depth only",
        )
    return min(near)[2]


def _probe(make: Make, base: Sizes, target: Sizes, large: _Network) -> tuple[Mapping[str, tuple[int, ...]], str]:
    """Shapes of a network wider than the base: the target's, or where it is as wide one of twice the width.

    Also what a reader has to know where there is none: the roles are then those of a network that does not grow.
    """
    if any(target[name] != base[name] for name in base if name != "depth"):
        return large.shapes, ""
    doubled = {name: size if name == "depth" else 2 * size for name, size in target.items()}
    if doubled == dict(target):
        return dict(large.shapes), ""
    try:
        probe = _meta(make, doubled).shapes
        reason = "it has other tensors"
    except Exception as error:  # whatever a network raises of a width that it does not take
        probe, reason = {}, f"{type(error).__name__}: {error}".splitlines()[0]
    if probe.keys() == large.shapes.keys():
        return probe, ""
    return dict(
        large.shapes
    ), f"roles are those of a fixed width: none of twice the width could be looked at ({reason})"


def _holding(found: Residuals, names: set[str]) -> set[int]:
    """Numbers of the branches that use one of these tensors."""
    return {number for name in names for number in found.inside.get(name, ())}


def _matrix_outside(found: Residuals, names: set[str], network: _Network) -> str | None:
    """A matrix among these tensors that no residual branch uses."""
    return next(
        (
            name
            for name in network.shapes
            if name in names and name not in found.inside and len(network.shapes[name]) > 1
        ),
        None,
    )


def _no_rule(name: str | None) -> ConfigurationError:
    return ConfigurationError(
        f"tensor '{name}' is repeated with depth outside of every residual branch, for which no rule is known",
        "keep the depth of base and target the same, or add residual connections",
    )


def _repeated(base: Mapping[str, tuple[int, ...]], deep: Mapping[str, tuple[int, ...]]) -> tuple[set[str], set[str]]:
    """Names of the tensors of which there are more in the deeper network: in the base network, and in it."""

    def family(name: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        return re.sub(r"\d+", "#", name), shape

    before = Counter(family(*item) for item in base.items())
    after = Counter(family(*item) for item in deep.items())
    more = {each for each, count in after.items() if count > before[each]}
    here, there = ({name for name, shape in each.items() if family(name, shape) in more} for each in (base, deep))
    return here, there


def _check_branches(
    found: Residuals,
    growing: set[int],
    uses: Mapping[str, Uses],
    ends: set[str],
) -> None:
    """Refuse branches that have to be scaled and cannot be by their weights."""
    for branch in found.branches:
        if branch.number in growing and branch.obstacle:
            held = next((name for name, places in found.inside.items() if branch.number in places), "?")
            raise ConfigurationError(
                f"the residual branch with tensor '{held}' cannot be scaled by its weights: {branch.obstacle}",
                "end it with a linear layer, a convolution, a norm with a gain or a LayerScale",
            )
    places = {branch.number: (branch.begin, branch.end) for branch in found.branches}
    for name in sorted(ends):
        spans = [places[number] for number in found.inside.get(name, ())]
        if any(not any(begin < node.number <= end for begin, end in spans) for node, _, _ in uses.get(name, ())):
            raise ConfigurationError(
                f"tensor '{name}' ends a residual branch and is used elsewhere too",
                "give the branch a weight of its own",
            )
