"""What autograd keeps, counted on torch's meta device: shapes without numbers."""

from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor

from depthtransfer.models.shapes import Shape

from .examples import batch, built

FUSED_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


def fused_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: None = None, dropout_p: float = 0.0, *_: Any, **keywords: Any
) -> Tensor:
    """The kernel that runs on a CPU; of its own, the meta device takes one that keeps all attention weights."""
    attended: Tensor = FUSED_ATTENTION(query, key, value, dropout_p, scale=keywords.get("scale"))[0]
    return attended


def kept_bytes(model: str, *, batch_size: int, shape: Shape, classes: int, **sizes: Any) -> list[int]:
    """Bytes of every storage but the weights that the backward pass of one step keeps."""
    kept: dict[int, tuple[Any, int]] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = (storage, storage.nbytes())  # held, so that no address is used twice
        return tensor

    with torch.device("meta"):
        network = built(model, shape=shape, classes=classes, **sizes)
        network.to(memory_format=torch.channels_last)
        inputs, targets = batch(shape, batch_size)
    weights = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
    fused = mock.patch.object(F, "scaled_dot_product_attention", fused_attention)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), fused:
        F.cross_entropy(network(inputs).flatten(0, -2), targets)
    return [size for address, (_, size) in kept.items() if address not in weights]
