"""What autograd keeps, counted on torch's meta device: shapes without numbers."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from depthtransfer.models.registry import build
from depthtransfer.models.shapes import Shape

from .examples import batch

FUSED_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


class FusedAttention(TorchFunctionMode):
    """The kernel that runs on a CPU; of its own, the meta device takes one that keeps all attention weights."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is F.scaled_dot_product_attention:
            return FUSED_ATTENTION(*args, **kwargs)[0]
        return function(*args, **(kwargs or {}))


def kept_bytes(model: str, *, batch_size: int, shape: Shape, classes: int, **sizes: Any) -> list[int]:
    """Bytes of every storage but the weights that the backward pass of one step keeps."""
    kept: dict[int, tuple[Any, int]] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = (storage, storage.nbytes())  # held, so that no address is used twice
        return tensor

    with torch.device("meta"):
        network = build(model, shape=shape, classes=classes, branch_multiplier=1.0, **sizes)
        network.to(memory_format=torch.channels_last)
        inputs, targets = batch(shape, batch_size)
    weights = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), FusedAttention():
        F.cross_entropy(network(inputs).flatten(0, -2), targets)
    return [size for address, (_, size) in kept.items() if address not in weights]
