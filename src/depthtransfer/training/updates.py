"""How far training has moved the features of a residual network, block by block."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class BlockUpdates:
    """Measures on a fixed batch what learning has changed; the network is left as it was.

    Args:
        model: maps images to logits, as initialized.
        images: normalized images (B, C, H, W) on the model's device.
        blocks: modules that map the residual stream to the residual stream, in order.
        weights: of their branches.
    """

    def __init__(
        self, model: nn.Module, images: Tensor, blocks: Sequence[nn.Module], weights: Sequence[nn.Parameter]
    ) -> None:
        self._model, self._images, self._blocks, self._weights = model, images, blocks, weights
        self._start = [weight.detach().clone() for weight in weights]
        self._features = self._observe()[-1][1]

    @torch.no_grad()
    def measure(self) -> list[float]:
        """Return root mean squares: for each block what the change of its weights adds to the stream, then the change
        of what the last block gives, to which all weights and all earlier features contribute."""
        seen = self._observe()
        now = [weight.detach().clone() for weight in self._weights]
        self._put(self._start)
        added = [_rms(after - block(before)) for block, (before, after) in zip(self._blocks, seen, strict=True)]
        self._put(now)
        return [*added, _rms(seen[-1][1] - self._features)]

    @torch.no_grad()
    def _observe(self) -> list[tuple[Tensor, Tensor]]:
        """Input and output of every block."""
        seen: list[tuple[Tensor, Tensor]] = []

        def keep(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
            seen.append((arguments[0].clone(), output.clone()))

        handles = [block.register_forward_hook(keep) for block in self._blocks]
        training = self._model.training
        self._model.eval()
        self._model(self._images)
        self._model.train(training)
        for handle in handles:
            handle.remove()
        return seen

    def _put(self, values: Sequence[Tensor]) -> None:
        for weight, value in zip(self._weights, values, strict=True):
            weight.copy_(value)


def _rms(x: Tensor) -> float:
    return x.float().square().mean().sqrt().item()
