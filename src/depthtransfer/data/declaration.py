"""What a data set claims to be, its declaration in `config/datasets.yaml`, and whether the data found are that.

A run's identity needs the fingerprint before any image is read, so it is declared here and verified when
the images are loaded. Importing this module needs neither numpy nor torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from depthtransfer.errors import ConfigurationError, DataError
from depthtransfer.strict import Strict, read_yaml, validate

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Labels = npt.NDArray[np.int64]


class Images(Protocol):
    """Images of one split, (n, C, H, W): an array in memory, or files that are decoded when asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, C, H, W)."""
        ...

    def __len__(self) -> int:
        """Number of images."""
        ...

    def __getitem__(self, indices: npt.NDArray[np.int64], /) -> npt.NDArray[np.uint8]:
        """Some images, (B, C, H, W)."""
        ...


Kind = Literal["digits", "cifar10", "image_folder"]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})$")]
Line = Annotated[str, StringConstraints(pattern=r"^\S[^\n]*$")]

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Declaration(Strict):
    """One data set: where it comes from, its sizes, and the fingerprint of its files."""

    model_config = ConfigDict(strict=True)

    kind: Kind = Field(description="which loader reads it")
    channels: Literal[1, 3] = Field(description="1 for grey images, 3 for colour; images are converted")
    image_size: int = Field(ge=1, description="height and width in pixels")
    classes: int = Field(ge=2, description="number of classes")
    train_images: int = Field(ge=1, description="images of the training split")
    test_images: int = Field(ge=1, description="images of the test split")
    fingerprint: Fingerprint | None = Field(
        description="hash of the data, before any decoding; null where nobody has recorded it yet (image_folder)"
    )
    description: Line = Field(description="one line on the images")
    label: Line | None = Field(default=None, description="how captions write it; the description if left out")
    remedy: Line = Field(description="what to do when the data are missing")
    path: Line | None = Field(
        default=None, description="image_folder: directory or zip, relative to the data directory"
    )
    train_split: Line = Field(default="train", description="image_folder: folder of the training split")
    test_split: Line = Field(default="test", description="image_folder: folder of the test split")
    test_every: int | None = Field(
        default=None,
        ge=2,
        description="image_folder: the folders of the classes lie at the top, and of each class, its images sorted by "
        "path, every so-manieth is a test image",
    )
    resize: bool = Field(
        default=False,
        description="image_folder: crop images of another size to a centred square and scale it",
    )
    streamed: bool = Field(
        default=False,
        description="image_folder: decode images when a batch needs them; for data that do not fit in memory",
    )

    @model_validator(mode="after")
    def _path_belongs_to_folders(self) -> Self:
        if (self.path is None) == (self.kind == "image_folder"):
            raise ValueError("`path` is needed for kind image_folder and for no other")
        if self.kind != "image_folder" and (self.streamed or self.fingerprint is None):
            raise ValueError("`streamed` and a fingerprint of null are for kind image_folder alone")
        if self.train_split == self.test_split:
            raise ValueError("`train_split` and `test_split` name the same folder")
        if self.test_every is not None and self.kind != "image_folder":
            raise ValueError("`test_every` is for kind image_folder alone")
        return self

    @property
    def identity(self) -> str:
        """All that decides the arrays: the fingerprint of the files and the form they are decoded to.

        Whether they are streamed has no part in it: the bits are the same. An unrecorded fingerprint is named so;
        `load` refuses such data, so no run has this identity.
        """
        form = f"{self.channels}x{self.image_size}x{self.image_size}"
        return f"{self.fingerprint or 'unrecorded'}/{form}{'/resized' if self.resize else ''}"


def load_declarations(path: Path) -> dict[str, Declaration]:
    """Read all declarations of a YAML file: a mapping from the data set's name to its declaration.

    Raises:
        ConfigurationError: the file is missing or not YAML, or a key is missing, unknown or invalid.
    """
    content = read_yaml(path)
    return {_checked_name(path, name): validate(Declaration, entry, path, name) for name, entry in content.items()}


def _checked_name(path: Path, name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{path}: {name!r} is not a data set's name", "use lower-case letters, digits and underscores"
        )
    return name


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

    images: Mapping[Split, npt.NDArray[np.uint8]]
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
    images: Images
    labels: Labels
    classes: tuple[str, ...]
    declaration: Declaration


def verify_sizes(where: str, declaration: Declaration, classes: int, images: Mapping[Split, int]) -> None:
    """Compare the numbers of classes and images with the declared ones.

    Raises:
        DataError: they differ.
    """
    found = {"classes": classes, **{f"{split}_images": images[split] for split in SPLITS}}
    declared = {
        "classes": declaration.classes,
        "train_images": declaration.train_images,
        "test_images": declaration.test_images,
    }
    differing = [f"{key} {found[key]} instead of {declared[key]}" for key in declared if found[key] != declared[key]]
    if differing:
        raise DataError(f"{where}: {', '.join(differing)}", declaration.remedy)


def verify_arrays(where: str, declaration: Declaration, arrays: Arrays) -> None:
    """Compare sizes and shapes of arrays with the declared ones.

    Raises:
        DataError: they differ.
    """
    counts = {split: len(arrays.labels[split]) for split in SPLITS}
    verify_sizes(where, declaration, len(arrays.classes), counts)
    for split in SPLITS:
        form = (counts[split], declaration.channels, declaration.image_size, declaration.image_size)
        if arrays.images[split].shape != form:
            raise DataError(
                f"{where}: {split} images of shape {arrays.images[split].shape} instead of {form}",
                "correct channels and image_size of its declaration",
            )


def verify_fingerprint(where: str, declaration: Declaration, found: str) -> None:
    """Compare a fingerprint with the declared one.

    Raises:
        DataError: they differ.
    """
    if found != declaration.fingerprint:
        raise DataError(
            f"{where}: fingerprint {found} instead of the declared {declaration.fingerprint}",
            f"{declaration.remedy}; declare data that are meant to differ under a name of their own",
        )
