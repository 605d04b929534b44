"""Images and labels in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from depthtransfer.data.declaration import Declaration

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from depthtransfer.data.streaming import StreamedImages

    Images = npt.NDArray[np.uint8]
    Labels = npt.NDArray[np.int64]

Split = Literal["train", "test"]
SPLITS: tuple[Split, Split] = ("train", "test")


@dataclass(frozen=True, eq=False)
class Arrays:
    """What a loader returns: both splits of a data set.

    Attributes:
        images: by split, uint8 of shape (n, C, H, W).
        labels: by split, int64 of shape (n,), in [0, number of classes).
        classes: names of the classes in the order of the labels.
    """

    images: Mapping[Split, Images]
    labels: Mapping[Split, Labels]
    classes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Dataset:
    """One split of a data set. Arrays may be read-only memory maps, shared between processes.

    Attributes:
        name: its name in the declarations.
        images: uint8 of shape (n, C, H, W), in memory or, if the declaration says `streamed`, decoded when asked for
            by an array of indices.
        labels: int64 of shape (n,).
        classes: names of the classes in the order of the labels.
        declaration: what it was verified against.
    """

    name: str
    images: Images | StreamedImages
    labels: Labels
    classes: tuple[str, ...]
    declaration: Declaration
