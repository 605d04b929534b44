"""The residual stack of the MLP: its weights as one parameter, its blocks as one operation with a backward pass.

A thousand blocks of a few small kernels spend most of their time on what torch keeps in mind of each: a node of
autograd an operation, a tensor of the optimizer a weight. Here all weights are one parameter, of each layer nothing is
kept but the input of its product and the slope of its activation (in a byte where it has two or three values), and the
products that give the weights' gradients are taken for many blocks at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

NORM_EPSILON = 1e-5

Kept = list[Tensor | None]


@dataclass(frozen=True)
class Activation:
    """A nonlinearity phi by parts.

    Args:
        value: phi(h), a new tensor, or h itself.
        slope: what the gradient needs, from h and phi(h); None if nothing.
        gradient: phi'(h) g, from g and the slope.
    """

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor | None]
    gradient: Callable[[Tensor, Any], Tensor]


# A product with bytes takes half the time of masked_fill or where, a comparison twice that of a conversion to bool.
ACTIVATIONS = {
    "relu": Activation(F.relu, lambda h, a: a.bool().view(torch.uint8), torch.mul),
    "abs": Activation(torch.abs, lambda h, a: h.sign().to(torch.int8), torch.mul),
    "tanh": Activation(torch.tanh, lambda h, a: a, torch.ops.aten.tanh_backward),
    "gelu": Activation(F.gelu, lambda h, a: h, torch.ops.aten.gelu_backward),
    "identity": Activation(lambda h: h, lambda h, a: None, lambda g, slope: g),
}


@dataclass(frozen=True)
class BlockForm:
    """What all blocks of a stack have in common.

    Args:
        activation: phi by name.
        layers: k of each block.
        pre: W phi(x) instead of phi(W x).
        normalized: LayerNorm, without gains and biases, on the input.
        multiplier: factor c on every branch.
    """

    activation: str
    layers: int
    pre: bool
    normalized: bool
    multiplier: float


class Block(nn.Module):
    """One block of a stack: x + c MS(phi(W_k ... phi(W_1 x))) for x (B, n); MS subtracts the mean over coordinates."""

    def __init__(self, stack: "Stack", place: int) -> None:
        super().__init__()
        self._stack = (stack,)  # in a tuple, so that it is no submodule
        self._place = place

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch."""
        (stack,) = self._stack
        k = stack.form.layers
        return block(x, stack.weight[self._place * k : (self._place + 1) * k].unbind(), stack.form)


class Stack(nn.Module):
    """Blocks one after another; stream (B, n) to stream.

    Where a gradient is wanted in one precision they run as one operation, which calls no block's hooks; without
    gradients, or under autocast, one after another.

    Args:
        width: n.
        depth: blocks L.
        form: of the blocks.
        segment: blocks whose gradients are taken at once.
        checkpointing: whether only the stream at the beginning of each segment is kept, and the backward pass computes
            its blocks again.
    """

    def __init__(self, width: int, depth: int, form: BlockForm, segment: int, checkpointing: bool) -> None:
        super().__init__()
        self.form, self.segment, self.checkpointing = form, segment, checkpointing
        self.weight = nn.Parameter(torch.randn(depth * form.layers, width, width) * width**-0.5)
        self.blocks = nn.ModuleList(Block(self, place) for place in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Run all blocks."""
        if torch.is_grad_enabled() and not any(map(torch.is_autocast_enabled, ("cpu", "cuda"))):
            out: Tensor = _Blocks.apply(  # type: ignore[no-untyped-call]
                x, self.weight, self.form, self.segment, self.checkpointing
            )
            return out
        for module in self.blocks:
            x = module(x)
        return x


def block(x: Tensor, weights: Sequence[Tensor], form: BlockForm, kept: Kept | None = None) -> Tensor:
    """Return x + c MS(branch(x)), where MS subtracts the mean over coordinates (paper B, section 3).

    Args:
        x: stream (B, n).
        weights: of the k layers, (n, n) each.
        form: of the block.
        kept: list that what the gradient needs is appended to: of a normalization its result and its deviation, of
            each layer the input of its product and its slope.
    """
    phi, h = ACTIVATIONS[form.activation], x
    found: Kept = []
    if form.normalized:
        h, _, deviation = torch.native_layer_norm(x, [x.shape[1]], None, None, NORM_EPSILON)
        found += [h, deviation]
    for weight in weights:
        value = phi.value(h) if form.pre else h
        product = F.linear(value, weight)
        if form.pre:
            slope, h = phi.slope(h, value), product
        else:
            h = phi.value(product)
            slope = phi.slope(product, h)
        found += [value, slope]
    if kept is not None:
        kept += found
    c = form.multiplier
    return torch.add(x, h, alpha=c).sub_(h.sum(1, keepdim=True), alpha=c / h.shape[1])


def _block_gradient(g: Tensor, weights: Sequence[Tensor], form: BlockForm, kept: Kept) -> list[Tensor]:
    """Turn the gradient of a block's output into that of its input, in place.

    Return the gradients of the k products over c: the factor of the branch rides on the matrix products.
    """
    phi, c = ACTIVATIONS[form.activation], form.multiplier
    of_layers = kept[2 * form.normalized :]
    d = torch.sub(g, g.sum(1, keepdim=True), alpha=1.0 / g.shape[1])
    gradients: list[Tensor] = []
    for place in reversed(range(form.layers)):
        slope = of_layers[2 * place + 1]
        if not form.pre:
            d = phi.gradient(d, slope)
        gradients.append(d)
        if place == 0 and not form.pre and not form.normalized:
            torch.addmm(g, d, weights[0], alpha=c, out=g)
            return gradients[::-1]
        d = d @ weights[place]
        if form.pre:
            d = phi.gradient(d, slope)
    if form.normalized:
        # Of an input that is normalized already: deviation one, and x enters through its normalized form alone.
        normed, deviation = kept[0], kept[1]
        assert normed is not None
        assert deviation is not None
        d, _, _ = torch.ops.aten.native_layer_norm_backward(
            d, normed, [d.shape[1]], torch.zeros_like(deviation), torch.ones_like(deviation), None, None,
            [True, False, False],
        )  # fmt: skip
        g.addcmul_(d, deviation, value=c)
    else:
        g.add_(d, alpha=c)
    return gradients[::-1]


class _Blocks(torch.autograd.Function):
    """All blocks: (stream (B, n), weights (L k, n, n), form, segment, checkpointing) to stream."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, form: BlockForm, segment: int, checkpointing: bool) -> Tensor:
        ctx.form, ctx.segment, ctx.checkpointing = form, segment, checkpointing
        kept: Kept = []
        for place, of_block in enumerate(_by_block(weight, form)):
            if checkpointing and place % segment == 0:
                kept.append(x)
            x = block(x, of_block, form, None if checkpointing else kept)
        ctx.save_for_backward(weight, *kept)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        form: BlockForm = ctx.form
        weight, *kept = ctx.saved_tensors
        blocks, g, gradients = _by_block(weight, form), gradient.clone(), torch.empty_like(weight)
        each = 2 * (form.normalized + form.layers)
        for begin in reversed(range(0, len(blocks), ctx.segment)):
            end = min(begin + ctx.segment, len(blocks))
            if ctx.checkpointing:
                found = _again(kept[begin // ctx.segment], blocks[begin:end], form)
            else:
                found = kept[each * begin : each * end]
            of_products: list[Tensor] = []
            for place in reversed(range(begin, end)):
                of_block = found[each * (place - begin) : each * (place - begin + 1)]
                of_products[:0] = _block_gradient(g, blocks[place], form, of_block)
            values = [t for i, t in enumerate(found) if t is not None and _is_value(i % each, form)]
            part = gradients[begin * form.layers : end * form.layers]
            torch.baddbmm(
                part, torch.stack(of_products).transpose(1, 2), torch.stack(values), beta=0,
                alpha=form.multiplier, out=part,
            )  # fmt: skip
        return g, gradients, None, None, None


def _by_block(weight: Tensor, form: BlockForm) -> list[tuple[Tensor, ...]]:
    """The k weights of each block."""
    layers = weight.unbind()
    return [layers[begin : begin + form.layers] for begin in range(0, len(layers), form.layers)]


def _is_value(place: int, form: BlockForm) -> bool:
    """Whether what a block kept at a place is the input of a product."""
    return place >= 2 * form.normalized and place % 2 == 0


def _again(x: Tensor, blocks: Sequence[Sequence[Tensor]], form: BlockForm) -> Kept:
    """What the gradients of a segment need, from the stream that enters it."""
    kept: Kept = []
    for weights in blocks:
        x = block(x, weights, form, kept)
    return kept
