"""What a trained network says of images that it was not trained on."""

import math

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from depthtransfer.training.augmentation import network_input
from depthtransfer.training.batches import ImageSource
from depthtransfer.training.process import named_rng


@torch.no_grad()
def evaluate(
    model: nn.Module,
    images: npt.NDArray[np.uint8] | ImageSource,
    labels: npt.NDArray[np.int64],
    *,
    batch_size: int,
    device: torch.device,
    bf16: bool = False,
) -> tuple[float, float]:
    """Return the mean cross-entropy (nats) and the share classified correctly, without augmentation.

    The images come in one fixed order at random, in batches of nearly equal size: images are often stored class by
    class, and a network that normalizes over its batch must see the mixture that it was trained on.

    Args:
        model: maps images (B, C, H, W) to logits (B, classes), or windows (B, T) to logits (B, T, classes); left in the
            mode it was in.
        images: (n, C, H, W), uint8, in memory or decoded when asked for; or the windows of a text, (n, T).
        labels: (n,), or (n, T).
        batch_size: at most so many images at a time.
        device: where the model lies.
        bf16: run the forward pass under bfloat16 autocast, as in training.
    """
    mixed = torch.randperm(len(labels), generator=named_rng(0, "evaluation")).numpy()
    training = model.training
    model.eval()
    loss, correct = 0.0, 0
    for chosen in np.array_split(mixed, math.ceil(len(labels) / batch_size)):
        inputs = network_input(torch.from_numpy(images[chosen]).to(device))
        targets = torch.from_numpy(labels[chosen]).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            logits = model(inputs)
        loss += F.cross_entropy(logits.float().flatten(0, -2), targets.flatten(), reduction="sum").item()
        correct += int((logits.argmax(-1) == targets).sum())
    model.train(training)
    return loss / labels.size, correct / labels.size
