"""Images that stay on disk, encoded, and are decoded when a batch needs them.

Which files they are was verified before (`verified_files`); each is compared with its SHA-256 whenever it is read.
"""

import hashlib
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depthtransfer.data.containers import Container, Files, below, open_container
from depthtransfer.data.declaration import Declaration, Split
from depthtransfer.data.decoding import decode, stay_silent
from depthtransfer.data.image_folder import location
from depthtransfer.data.verified_files import verified
from depthtransfer.errors import DataError


class StreamedImages:
    """One split's images, decoded when asked for, from any number of threads.

    Memory: about 100 bytes an image, shared between processes, and each decoded batch; nothing is kept of it.

    Args:
        where: the container, for messages.
        folder: the split's folder in it; empty where the classes lie at the top.
        container: where the files are read from.
        scope: closes the container when these images are no longer used.
        declaration: the form the images are decoded to.
        files: of the split, in the labels' order.
        sha256: of each file, (n, 32).
    """

    def __init__(
        self,
        where: Path,
        folder: str,
        container: Container,
        scope: ExitStack,
        declaration: Declaration,
        files: Files,
        sha256: npt.NDArray[np.uint8],
    ) -> None:
        stay_silent()
        self._where = where / folder
        self._folder = folder
        self._container = container
        self._scope = scope
        self._declaration = declaration
        self._files = files
        self._sha256 = sha256

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, C, H, W)."""
        size = self._declaration.image_size
        return len(self), self._declaration.channels, size, size

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, indices: npt.NDArray[np.int64], /) -> npt.NDArray[np.uint8]:
        """Read and decode some images, uint8 of shape (B, C, H, W).

        Args:
            indices: integers, (B,).

        Raises:
            DataError: an image cannot be read, or is no longer the one that was verified.
        """
        batch = np.empty((len(indices), *self.shape[1:]), dtype=np.uint8)
        for position, index in enumerate(indices):
            batch[position] = self._decoded(index)
        return batch

    def _decoded(self, index: np.int64) -> npt.NDArray[np.uint8]:
        image = self._files["path"][index].decode()
        content = self._container.read(below(self._folder, image))
        if hashlib.sha256(content).digest() != self._sha256[index].tobytes():
            raise DataError(f"{self._where / image}: changed since it was verified", self._declaration.remedy)
        form = self._declaration
        return decode(str(self._where / image), content, form.channels, form.image_size, form.resize)


def open_stream(
    name: str, declaration: Declaration, data_directory: Path, split: Split
) -> tuple[StreamedImages, npt.NDArray[np.int64], tuple[str, ...]]:
    """Return images, labels and classes of one split; the first time, or after a change, every image is verified.

    Raises:
        DataError: files are missing, damaged, unsafe, or not the declared ones.
    """
    path = location(declaration, data_directory)
    with ExitStack() as scope:
        container = scope.enter_context(open_container(path, declaration.remedy))
        listing, by_split = verified(name, declaration, data_directory, container)
        files, sha256 = by_split[split]
        images = StreamedImages(path, listing.folders[split], container, scope.pop_all(), declaration, files, sha256)
    return images, listing.labels(split), listing.classes
