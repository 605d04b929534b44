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
    """Examples of one split: images (n, C, H, W), in memory or decoded when asked for, or a text's windows (n, T)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, C, H, W), or (n, T)."""
        ...

    def __len__(self) -> int:
        """Number of examples."""
        ...

    def __getitem__(self, indices: npt.NDArray[np.int64], /) -> npt.NDArray[np.uint8]:
        """Some examples, (B, C, H, W) or (B, T)."""
        ...


Kind = Literal["digits", "cifar10", "image_folder", "text"]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})$")]
Line = Annotated[str, StringConstraints(pattern=r"^\S[^\n]*$")]

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Declaration(Strict):
    """One data set: where it comes from, its sizes, and the fingerprint of its files."""

    model_config = ConfigDict(strict=True)

    kind: Kind = Field(description="which loader reads it")
    channels: Literal[0, 1, 3] = Field(
        default=0, description="1 for grey images, 3 for colour, images are converted; a text has none"
    )
    image_size: int = Field(default=0, ge=0, description="height and width in pixels; a text has none")
    classes: int = Field(ge=2, description="number of classes; of a text, of its characters")
    train_images: int = Field(ge=1, description="images of the training split; windows of a text")
    test_images: int = Field(ge=1, description="images of the test split; windows of a text")
    fingerprint: Fingerprint | None = Field(
        description="hash of the data, before any decoding; null where nobody has recorded it yet (image_folder)"
    )
    description: Line = Field(description="one line on the images")
    label: Line | None = Field(default=None, description="how captions write it; the description if left out")
    remedy: Line = Field(description="what to do when the data are missing")
    path: Line | None = Field(
        default=None,
        description="image_folder: directory or zip, text: file; relative to the data directory",
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

    context: int = Field(default=0, ge=0, le=2**16, description="text: characters of a window")
    held_out: float = Field(
        default=0.1, gt=0, lt=1, description="text: share of its characters, at the end, that make the test split"
    )
    bundled: bool = Field(default=False, description="text: the file comes with this package")

    @model_validator(mode="after")
    def _form_belongs_to_kind(self) -> Self:
        if self.kind == "text" and (self.channels or self.image_size or not self.context):
            raise ValueError("a text has a `context`, and neither `channels` nor `image_size`")
        if self.kind != "text" and not (self.channels and self.image_size):
            raise ValueError("images have `channels` and `image_size`")
        if self.kind != "text" and (self.context or self.bundled):
            raise ValueError("`context` and `bundled` are for kind text alone")
        return self

    @model_validator(mode="after")
    def _path_belongs_to_files(self) -> Self:
        if (self.path is None) == (self.kind in ("image_folder", "text")):
            raise ValueError("`path` is needed for the kinds image_folder and text and for no other")
        if self.kind != "image_folder" and (self.streamed or self.fingerprint is None):
            raise ValueError("`streamed` and a fingerprint of null are for kind image_folder alone")
        if self.train_split == self.test_split:
            raise ValueError("`train_split` and `test_split` name the same folder")
        if self.test_every is not None and self.kind != "image_folder":
            raise ValueError("`test_every` is for kind image_folder alone")
        return self

    @property
    def form(self) -> tuple[int, ...]:
        """Shape of one example: (C, H, W) of an image, (T,) of a text's window."""
        return (self.context,) if self.kind == "text" else (self.channels, self.image_size, self.image_size)

    @property
    def identity(self) -> str:
        """All that decides the arrays: the fingerprint of the files and the form they are decoded to.

        Whether they are streamed has no part in it: the bits are the same. An unrecorded fingerprint is named so;
        `load` refuses such data, so no run has this identity.
        """
        if self.kind == "text":
            return f"{self.fingerprint}/context {self.context}, held out {self.held_out:g}"
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
        images: by split, uint8 of shape (n, C, H, W); of a text its windows as places in the vocabulary, (n, T).
        labels: by split, int64 of shape (n,), in [0, number of classes); of a text (n, T), the characters that follow.
        classes: names of the classes in the order of the labels; of a text its characters.
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
            by an array of indices; of a text its windows as places in the vocabulary, (n, T).
        labels: int64 of shape (n,); of a text (n, T), the character that follows each.
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
        form = (counts[split], *declaration.form)
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
