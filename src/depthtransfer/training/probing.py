"""What a network says of the same images at chosen moments, how far training has moved each block's features, and
how far the streams of its blocks lie apart."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


class BlockUpdates:
    """Measures on a fixed batch what learning has changed; the network is left as it was.

    Args:
        model: maps images to logits, as initialized.
        images: normalized images (B, C, H, W) on the model's device.
        blocks: modules that map the residual stream to the residual stream, in order.
        weights: of their branches.
        together: whether what all blocks have changed is measured as well.
    """

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        blocks: Sequence[nn.Module],
        weights: Sequence[nn.Parameter],
        *,
        together: bool = False,
    ) -> None:
        self._model, self._images, self._blocks, self._weights = model, images, blocks, weights
        self._start = [weight.detach().clone() for weight in weights]
        of_blocks = {id(weight) for weight in weights}
        self._others = [weight for weight in model.parameters() if together and id(weight) not in of_blocks]
        self._others_start = [weight.detach().clone() for weight in self._others]
        self._together = together
        self._features = self._last_stream()

    @torch.no_grad()
    def measure(self) -> list[float]:
        """Return root mean squares: for each block what the change of its weights adds to the stream; with `together`
        the change of what the last block gives with all other weights put back; last the same with none put back."""
        seen = observe(self._model, self._images, self._blocks)
        with _put(self._weights, self._start):
            added = [_rms(after - block(before)) for block, (before, after) in zip(self._blocks, seen, strict=True)]
        if self._together:
            with _put(self._others, self._others_start):
                added.append(_rms(self._last_stream() - self._features))
        return [*added, _rms(seen[-1][1] - self._features)]

    def _last_stream(self) -> Tensor:
        return observe(self._model, self._images, self._blocks)[-1][1]


class StreamDistances:
    """Measures how far the residual streams of a network lie apart (paper B, feature diversity).

    Args:
        model: maps images to logits.
        images: normalized images (B, C, H, W) on the model's device.
        blocks: modules that map the residual stream to the residual stream, in order, all streams of one shape.
    """

    def __init__(self, model: nn.Module, images: Tensor, blocks: Sequence[nn.Module]) -> None:
        self._model, self._images, self._blocks = model, images, blocks

    @torch.no_grad()
    def measure(self) -> list[float]:
        """Return, for each of `apart` the depth, the root mean square over images, coordinates and all pairs of streams
        so many blocks apart of their difference, ``x^(l+k) - x^l``."""
        seen = observe(self._model, self._images, self._blocks)
        streams = torch.stack([seen[0][0], *(after for _, after in seen)])
        return [_rms(streams[k:] - streams[:-k]) for k in apart(len(self._blocks))]


def apart(depth: int) -> tuple[int, ...]:
    """Numbers of blocks between streams that are compared: powers of two up to a quarter of the depth, at least 1."""
    return tuple(2**power for power in range(max(depth // 4, 1).bit_length()))


@torch.no_grad()
def observe(model: nn.Module, images: Tensor, blocks: Sequence[nn.Module]) -> list[tuple[Tensor, Tensor]]:
    """Input and output of every block on these images, in evaluation mode."""
    seen: list[tuple[Tensor, Tensor]] = []

    def keep(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        seen.append((arguments[0].clone(), output.clone()))

    handles = [block.register_forward_hook(keep) for block in blocks]
    training = model.training
    model.eval()
    model(images)
    model.train(training)
    for handle in handles:
        handle.remove()
    return seen


@contextmanager
def _put(weights: Sequence[nn.Parameter], values: Sequence[Tensor]) -> Iterator[None]:
    """Give weights other values for a while."""
    now = [weight.detach().clone() for weight in weights]
    for weight, value in zip(weights, values, strict=True):
        weight.copy_(value)
    yield
    for weight, value in zip(weights, now, strict=True):
        weight.copy_(value)


def _rms(x: Tensor) -> float:
    return x.float().square().mean().sqrt().item()


class Probe:
    """Collects logits on a fixed batch; training is the same with it and without.

    Args:
        model: maps images to logits (B, classes).
        images: normalized images (B, C, H, W) on the model's device.
        steps: numbers of updates at which to look.
        blocks: measures how far the features have moved, if that is wanted too.
        streams: measures how far streams lie apart, if that is wanted too.
    """

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        steps: Collection[int],
        blocks: BlockUpdates | None = None,
        streams: StreamDistances | None = None,
    ) -> None:
        self._model, self._images, self._wanted, self._blocks = model, images, frozenset(steps), blocks
        self._streams = streams
        self.steps: list[int] = []
        self.logits: list[float] = []
        """Flattened from (steps looked at, images, classes)."""
        self.updates: list[float] = []
        """Flattened from (steps looked at, blocks and one or two more); see `BlockUpdates.measure`."""
        self.distances: list[float] = []
        """Flattened from (steps looked at, numbers of blocks between streams); see `StreamDistances.measure`."""

    @torch.no_grad()
    def __call__(self, step: int) -> None:
        """Look, if this is one of the steps; meant to be called before every update and after the last."""
        if step not in self._wanted:
            return
        self._model.eval()
        logits = self._model(self._images).float()
        self._model.train()
        self.steps.append(step)
        self.logits.extend(logits.flatten().tolist())
        if self._blocks is not None:
            self.updates.extend(self._blocks.measure())
        if self._streams is not None:
            self.distances.extend(self._streams.measure())


def spread(count: int, wanted: int) -> npt.NDArray[np.int64]:
    """Indices of `wanted` images spread evenly over `count`, so that images sorted by class give every class."""
    return np.linspace(0, count - 1, wanted).round().astype(np.int64)
