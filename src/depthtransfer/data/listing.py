"""Which images a container holds, in torchvision's ImageFolder layout, `<split>/<class>/*.jpg`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from depthtransfer.data.containers import Container, File
from depthtransfer.data.dataset import SPLITS, Split
from depthtransfer.errors import DataError

# Those of torchvision.datasets.folder.IMG_EXTENSIONS, which would cost the import of torch.
EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")

Files = npt.NDArray[Any]
"""Images of a split in the order of their paths. Fields: `path` below the split's folder (UTF-8), `size` in bytes,
`stamp` as in `containers.File`, and `label`. A million of them take about 100 MB, a tenth of Python's own strings."""


@dataclass(frozen=True, eq=False)
class Listing:
    """The images of a container, before any is read.

    Attributes:
        folders: by split, the name of its folder.
        files: by split, its images, sorted by path; the first part of a path is the class.
        classes: names of the classes, sorted, the same in both splits.
    """

    folders: Mapping[Split, str]
    files: Mapping[Split, Files]
    classes: tuple[str, ...]

    def counts(self) -> dict[Split, int]:
        """Return the number of images by split."""
        return {split: len(self.files[split]) for split in SPLITS}

    def paths(self, split: Split) -> Iterator[str]:
        """Yield the images' paths below the split's folder."""
        return (path.decode() for path in self.files[split]["path"])

    def labels(self, split: Split) -> npt.NDArray[np.int64]:
        """Return the labels, which count the sorted names of the classes."""
        return np.ascontiguousarray(self.files[split]["label"])


def list_images(where: Path, container: Container, folders: Mapping[Split, str]) -> Listing:
    """Find the images of both splits; other files, and names that begin with a dot, are passed over.

    Raises:
        DataError: a split is missing or empty, there is one class only, or the splits' classes differ.
    """
    found = {split: _classes(where, container, folder) for split, folder in folders.items()}
    classes = {split: sorted(found[split]) for split in folders}
    layout = f"the layout is {folders['train']}/<class>/*.jpg and {folders['test']}/<class>/*.jpg"
    for split, folder in folders.items():
        if not classes[split]:
            names = container.top_level()
            held = ", ".join(names[:5]) + (", …" if len(names) > 5 else "") if names else "nothing"
            raise DataError(f"{where}: no images in {folder}/<class>/; at the top it holds {held}", layout)
    if len(classes["train"]) < 2:
        raise DataError(f"{where}: one class only, {classes['train'][0]}", layout)
    differing = sorted(set(classes["train"]) ^ set(classes["test"]))
    if differing:
        raise DataError(f"{where}: class {differing[0]} is in one split only", layout)
    files = {split: _in_order(found[split], classes[split]) for split in folders}
    return Listing(folders=dict(folders), files=files, classes=tuple(classes["train"]))


def _classes(where: Path, container: Container, folder: str) -> dict[str, Files]:
    """Return the images of each class that has any; one class at a time is held as Python objects."""
    groups = container.groups(folder, _is_image)
    return {name: _rows(where / folder, sorted(files)) for name, files in groups if files}


def _rows(where: Path, files: list[File]) -> Files:
    try:
        rows = [(path.encode(), size, stamp, 0) for path, size, stamp in files]
    except UnicodeEncodeError as error:
        raise DataError(f"{where}: {error.object!a} is not a name in UTF-8", "rename the file") from error
    return np.array(rows, dtype=_row_type(max(len(row[0]) for row in rows)))


def _in_order(by_class: dict[str, Files], classes: list[str]) -> Files:
    """Join the classes in the order of their images' paths, where `a-b/` comes before `a/`."""
    for label, name in enumerate(classes):
        by_class[name]["label"] = label
    longest = max(files.dtype["path"].itemsize for files in by_class.values())
    in_order = [by_class[name] for name in sorted(classes, key=lambda name: f"{name}/")]
    return np.concatenate(in_order, dtype=_row_type(longest))


def _row_type(longest_path: int) -> np.dtype[Any]:
    return np.dtype([("path", f"S{longest_path}"), ("size", "<i8"), ("stamp", "<i8"), ("label", "<i8")])


def _is_image(path: str) -> bool:
    parts = path.split("/")
    return len(parts) > 1 and path.lower().endswith(EXTENSIONS) and not any(part.startswith(".") for part in parts)
