"""What a data set claims to be: its declaration in `config/datasets.yaml`.

A run's identity needs the fingerprint before any image is read, so it is declared here and verified when
the images are loaded. Importing this module needs neither numpy nor torch.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from depthtransfer.errors import ConfigurationError
from depthtransfer.strict import Strict, read_yaml, validate

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
    description: Line = Field(description="one line for captions")
    remedy: Line = Field(description="what to do when the data are missing")
    path: Line | None = Field(
        default=None, description="image_folder: directory or zip, relative to the data directory"
    )
    train_split: Line = Field(default="train", description="image_folder: folder of the training split")
    test_split: Line = Field(default="test", description="image_folder: folder of the test split")
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
