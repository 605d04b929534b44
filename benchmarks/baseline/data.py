"""An image data set as torchvision's CIFAR10 is one: an array in memory, a PIL image and its transforms per item."""

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class InMemoryImages(Dataset[tuple[Tensor, int]]):
    """Images of an array through transforms, one by one.

    Args:
        images: (n, H, W, C), uint8.
        labels: (n,).
    """

    def __init__(self, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> None:
        self.images = images
        self.labels = labels
        self.transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.RandomRotation(10),
                transforms.ToTensor(),
                transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image: Tensor = self.transform(Image.fromarray(self.images[index]))
        return image, int(self.labels[index])


def loader(dataset: InMemoryImages, batch_size: int, workers: int) -> DataLoader[tuple[Tensor, int]]:
    """Return shuffled batches without the incomplete last one."""
    return DataLoader(dataset, batch_size, shuffle=True, drop_last=True, num_workers=workers)
