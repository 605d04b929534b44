"""Counted operations of a training step against those that torch's dispatcher sees."""

from collections import Counter
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from depthtransfer.models import registry

from .examples import COUNTED, batch, built

VIEWS = {
    *("view", "t", "transpose", "detach", "expand", "_unsafe_view", "split", "unsqueeze", "squeeze", "as_strided"),
    *("alias", "slice", "select", "permute", "unbind", "chunk", "empty"),
}
ARTEFACTS = {"clone"}
"""The dispatcher's own hold on gradients makes torch copy them."""


class Dispatched(TorchDispatchMode):
    """Counts operations that do something; a convolution's backward pass is two."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.__name__.split(".")[0]
        if name not in VIEWS | ARTEFACTS:
            self.seen[name] += 2 if name == "convolution_backward" else 1
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(("name", "sizes"), COUNTED)
def test_kernels_are_those_torch_starts(name: str, sizes: dict[str, Any]) -> None:
    network, shape = built(name, **sizes), sizes["shape"]
    network.to(memory_format=torch.channels_last)
    inputs, targets = batch(shape, 3)
    with Dispatched() as dispatched:
        torch.autograd.backward(F.cross_entropy(network(inputs).flatten(0, -2), targets))
    # Not counted: two or three more for each narrow strided shortcut.
    assert registry.cost(name, **sizes).kernels == pytest.approx(dispatched.seen.total(), abs=6)
