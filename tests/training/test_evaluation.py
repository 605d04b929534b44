"""Loss and accuracy on images that were not trained on."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depthtransfer.training.augmentation import normalize
from depthtransfer.training.evaluation import evaluate

COUNT, CLASSES = 23, 4
IMAGES = (np.arange(COUNT * 2 * 9).reshape(COUNT, 2, 3, 3) * 7 % 256).astype(np.uint8)
LABELS = (np.arange(COUNT) * CLASSES // COUNT).astype(np.int64)  # class by class, as images are often stored


class Reader(nn.Module):
    """A linear map of the pixels, in its training mode plus noise; remembers which images it saw together."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(18, CLASSES)
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images)
        noise = 10.0 if self.training else 0.0
        logits: Tensor = self.linear(images.flatten(1)) + noise
        return logits


@pytest.mark.parametrize("batch_size", [5, COUNT, 100])
def test_all_images_at_once_and_in_batches_give_the_same(batch_size: int) -> None:
    model = Reader().train()
    with torch.no_grad():
        logits = model.linear(normalize(torch.from_numpy(IMAGES), torch.float32).flatten(1))
    targets = torch.from_numpy(LABELS)
    loss, accuracy = evaluate(model, IMAGES, LABELS, batch_size=batch_size, device=torch.device("cpu"))
    assert loss == pytest.approx(F.cross_entropy(logits, targets).item(), rel=1e-6)
    assert accuracy == pytest.approx((logits.argmax(1) == targets).float().mean().item())
    assert model.training
    sizes = [len(batch) for batch in model.seen]
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


def test_a_batch_mixes_the_classes_and_the_order_is_always_the_same() -> None:
    first, second = Reader(), Reader()
    for model in (first, second):
        evaluate(model, IMAGES, LABELS, batch_size=8, device=torch.device("cpu"))
    torch.testing.assert_close(first.seen, second.seen, rtol=0, atol=0)
    pixels = normalize(torch.from_numpy(IMAGES), torch.float32)
    together = [[int((pixels == image).flatten(1).all(1).nonzero()) for image in batch] for batch in first.seen]
    assert sorted(itertools.chain(*together)) == list(range(COUNT))
    assert all(len(set(LABELS[batch])) >= 3 for batch in together)
