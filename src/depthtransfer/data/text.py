"""A plain text as a data set: its characters in windows of one length, each with the characters that follow.

The vocabulary is the set of characters of the training part, in the order of Unicode. The held-out part lies at the
text's end; characters that only it has, where there are any, share one further place behind the vocabulary.
"""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depthtransfer.data.declaration import SPLITS, Arrays, Declaration, Split, verify_fingerprint
from depthtransfer.errors import DataError
from depthtransfer.files import read_regular

MOST_CHARACTERS = 256
"""A vocabulary of more is refused: such a text wants tokens of its own kind, and a place is kept in a byte."""

UNSEEN = "unseen"
"""Name of the class of characters that the training part lacks."""


def read(name: str, declaration: Declaration, data_directory: Path) -> Arrays:
    """Return the windows of both splits, one behind the other without overlap.

    Raises:
        DataError: the file is missing, not the declared one, not UTF-8, too short, or has too many characters.
    """
    path = location(declaration, data_directory)
    content = _content(path, declaration.remedy)
    verify_fingerprint(f"{name} ({path})", declaration, _fingerprint(content))
    return windows(path, content, declaration.context, declaration.held_out)


def location(declaration: Declaration, data_directory: Path) -> Path:
    """Return where a declared text lies: in the data directory, or beside this module if it is bundled."""
    return (Path(__file__).parent if declaration.bundled else data_directory) / str(declaration.path)


def windows(path: Path, content: bytes, context: int, held_out: float) -> Arrays:
    """Cut a text into windows of `context` characters.

    Args:
        path: of the text, for messages.
        content: its bytes, UTF-8.
        context: characters T of a window.
        held_out: share of the characters, at the end, that make the test split.

    Raises:
        DataError: the bytes are not UTF-8, a split is too short for one window, or there are too many characters.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: the byte at offset {error.start} (0x{content[error.start]:02x}) is not UTF-8",
            "save the text as UTF-8",
        ) from error
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    cut = round(len(codes) * (1 - held_out))
    vocabulary = np.unique(codes[:cut])
    unseen = ~np.isin(codes, vocabulary)
    classes = (*map(chr, vocabulary), *([UNSEEN] if unseen.any() else []))
    if len(classes) > MOST_CHARACTERS:
        raise DataError(
            f"{path}: {len(classes)} different characters, more than the {MOST_CHARACTERS} of a vocabulary",
            "give a text of fewer, such as one of a single alphabet",
        )
    places = np.searchsorted(vocabulary, codes)
    places[unseen] = len(vocabulary)
    images: dict[Split, npt.NDArray[np.uint8]] = {}
    labels: dict[Split, npt.NDArray[np.int64]] = {}
    for split, part in zip(SPLITS, (places[:cut], places[cut:]), strict=True):
        count = (len(part) - 1) // context
        if count < 1:
            raise DataError(
                f"{path}: the {split} part has {len(part)} characters, too few for a context of {context} and the "
                "character after it",
                "give a longer text, a shorter context or another held_out",
            )
        images[split] = part[: count * context].reshape(count, context).astype(np.uint8)
        labels[split] = part[1 : count * context + 1].reshape(count, context).astype(np.int64)
    return Arrays(images, labels, classes)


def declare(path: Path, data_directory: Path, context: int, held_out: float = 0.1) -> Declaration:
    """Return the declaration of a text that lies somewhere.

    Args:
        path: the file.
        data_directory: the declared path is relative to it where `path` lies in it, absolute otherwise.
        context: characters of a window.
        held_out: share of the characters that make the test split.

    Raises:
        DataError: as `read`.
    """
    content = _content(path, "name a file of plain text")
    arrays = windows(path, content, context, held_out)
    whole, folder = path.absolute(), data_directory.absolute()
    return Declaration(
        kind="text",
        path=whole.relative_to(folder).as_posix() if whole.is_relative_to(folder) else str(whole),
        context=context,
        held_out=held_out,
        classes=len(arrays.classes),
        train_images=len(arrays.images["train"]),
        test_images=len(arrays.images["test"]),
        fingerprint=_fingerprint(content),
        description=f"characters of {path.name}",
        remedy=f"put {path.name} where `path` says",
    )


def _content(path: Path, remedy: str) -> bytes:
    try:
        return read_regular(path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: not found", remedy) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})", remedy) from error


def _fingerprint(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
