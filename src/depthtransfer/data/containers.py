"""Files of a directory or of one zip, read the same way, and the images among them in ImageFolder layout."""

import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

from depthtransfer.data.declaration import SPLITS, Split
from depthtransfer.errors import DataError
from depthtransfer.files import open_regular, read_regular

MAX_FILE_BYTES = 2**26
"""No image is larger than 64 MiB; a larger one is refused before it is read."""

MAX_TOTAL_BYTES = 2**36
"""An archive that claims to unpack to more than 64 GiB is refused before anything is read."""


class File(NamedTuple):
    """What tells whether a file is still the one that was read.

    Attributes:
        path: below the folder that was asked for, with forward slashes, in composed Unicode (NFC).
        size: bytes.
        stamp: time of the last change in nanoseconds; in a zip, the CRC-32 of the content.
    """

    path: str
    size: int
    stamp: int


class Container(Protocol):
    """Named files; names are relative paths with forward slashes, in composed Unicode (NFC) whatever the disk or the
    packing program made of them, so that the same images have the same names. Several threads may read at once."""

    def top_level(self) -> list[str]:
        """Return the names at the top, sorted."""

    def groups(self, folder: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, list[File]]]:
        """Yield each folder that lies directly below one, by name in any order, with the wanted files below it.

        Args:
            folder: where to look; one that does not exist is empty.
            wanted: tells by a file's path below `folder`, such as `cat/1.jpg`, whether it counts.

        Raises:
            DataError: a folder cannot be read, or a wanted file is none.
        """

    def read(self, name: str) -> bytes:
        """Return a file's content.

        Raises:
            DataError: it cannot be read, or is too large.
        """


@contextmanager
def open_container(path: Path, remedy: str) -> Iterator[Container]:
    """Open a directory or a zip.

    Raises:
        DataError: there is nothing at `path`, or it is neither, or the zip is damaged or unsafe.
    """
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", remedy) from error
    if is_folder:
        yield _Folder(path, remedy)
        return
    with ExitStack() as scope:
        try:
            archive = scope.enter_context(zipfile.ZipFile(scope.enter_context(open_regular(path))))
        except FileNotFoundError as error:
            raise DataError(f"{path}: not found", remedy) from error
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DataError(f"{path}: neither a directory nor an intact zip ({error})", remedy) from error
        yield _Zip(path, archive, _members(path, archive), remedy)


class _Folder:
    def __init__(self, path: Path, remedy: str) -> None:
        self._path = path
        self._remedy = remedy
        self._on_disk: dict[str, str] = {}
        """Names on disk of those files, below the folder, whose name there is not in composed Unicode."""

    def top_level(self) -> list[str]:
        try:
            return sorted(composed(entry.name) for entry in self._path.iterdir())
        except OSError as error:
            self._unreadable(error, self._path)

    def groups(self, folder: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, list[File]]]:
        root = self._path / folder
        try:
            names = [entry.name for entry in os.scandir(root) if entry.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._unreadable(error, root)
        for name in names:
            yield composed(name), self._below(root, name, wanted)

    def _below(self, root: Path, group: str, wanted: Callable[[str], bool]) -> list[File]:
        files = []
        above: dict[str, frozenset[tuple[int, int]]] = {}
        for directory, _, names in os.walk(root / group, followlinks=True, onerror=self._unreadable):
            found = Path(directory).stat()
            own, ancestors = (found.st_dev, found.st_ino), above.get(os.path.dirname(directory), frozenset())  # noqa: PTH120
            if own in ancestors:
                raise DataError(f"{directory}: leads back to a folder above it", "remove the link")
            above[directory] = ancestors | {own}
            inside = Path(directory).relative_to(root).as_posix()
            for path in (f"{inside}/{name}" for name in names):
                if wanted(path):
                    files.append(self._file(root, path))
        return files

    def _file(self, root: Path, path: str) -> File:
        try:
            found = os.stat(f"{root}/{path}")  # noqa: PTH116, a Path for each of a million files takes seconds
        except OSError as error:
            self._unreadable(error, root / path)
        if not stat.S_ISREG(found.st_mode):
            raise DataError(f"{root / path}: not a file", "remove it")
        if "\\" in path:
            raise DataError(f"{root / path}: a backslash in a name, which a zip cannot hold", "rename the file")
        name = composed(path)
        if name != path:
            folder = "" if root == self._path else root.relative_to(self._path).as_posix()
            self._on_disk[below(folder, name)] = below(folder, path)
        return File(name, found.st_size, found.st_mtime_ns)

    def _unreadable(self, error: OSError, path: Path | None = None) -> NoReturn:
        raise DataError(f"{path or error.filename}: cannot be read ({error.strerror})", self._remedy) from error

    def read(self, name: str) -> bytes:
        path = self._path / self._on_disk.get(name, name)
        try:
            _refuse_large(path, path.stat().st_size)
            return read_regular(path)
        except OSError as error:
            self._unreadable(error, path)


class _Zip:
    def __init__(
        self, path: Path, archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], remedy: str
    ) -> None:
        self._path = path
        self._archive = archive
        self._members = members
        self._remedy = remedy

    def top_level(self) -> list[str]:
        return sorted({name.split("/", 1)[0] for name in self._members})

    def groups(self, folder: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, list[File]]]:
        prefix = below(folder, "")
        found: dict[str, list[File]] = {}
        for name, member in self._members.items():
            path = name.removeprefix(prefix)
            group, separator, _ = path.partition("/")
            if separator and name.startswith(prefix) and not name.endswith("/") and wanted(path):
                found.setdefault(group, []).append(File(path, member.file_size, member.CRC))
        yield from found.items()

    def read(self, name: str) -> bytes:
        try:
            return self._archive.read(self._members[name])
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise DataError(f"{self._path}: {name} cannot be read ({error})", self._remedy) from error


def composed(name: str) -> str:
    """Return a name in composed Unicode (NFC), which is what most systems write; macOS decomposes."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the members of a zip by name, all names and sizes checked.

    `ZipFile.read` returns at most the size that the archive declares, so checking declared sizes is enough.

    Raises:
        DataError: for names that cannot be read, point outside the archive or occur twice, links, and sizes out of all
            proportion.
    """
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = _member_name(path, member)
        if reason := _unsafe(name, member, members.keys()):
            raise DataError(f"{path}: {name!r} {reason}", "make the zip anew from a folder of images")
        members[name] = member
        _refuse_large(path / name, member.file_size)
    total = sum(member.file_size for member in members.values())
    if total > MAX_TOTAL_BYTES:
        raise DataError(f"{path}: would unpack to {total} bytes", f"at most {MAX_TOTAL_BYTES} are read; unpack it")
    return members


_SAYS_UTF8 = 0x800
_UNICODE_PATH = 0x7075


def _member_name(path: Path, member: zipfile.ZipInfo) -> str:
    """Return a member's name as its packer meant it.

    Python takes a name without the flag for UTF-8 as code page 437, but most packers write UTF-8 without it, some with
    the Unicode path extra field (APPNOTE 4.6.9). Windows' own separators become forward slashes.

    Raises:
        DataError: if the bytes are no UTF-8 and nothing says what they are.
    """
    if member.flag_bits & _SAYS_UTF8 or member.orig_filename.isascii():
        name = member.orig_filename
    else:
        raw = member.orig_filename.encode("cp437")
        try:
            name = (_unicode_path(member.extra, raw) or raw).decode()
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}: {member.orig_filename!r} is a name in an unknown encoding",
                "make the zip anew with a program that writes UTF-8",
            ) from error
    return composed(name.replace("\\", "/"))


def _unicode_path(extra: bytes, raw: bytes) -> bytes | None:
    """Return the name in the Unicode path extra field if there is one, and it belongs to this very name."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5 and struct.unpack("<L", field[1:5])[0] == zlib.crc32(raw):
            return field[5:]
    return None


def _unsafe(name: str, member: zipfile.ZipInfo, seen: Collection[str]) -> str | None:
    parts = PurePosixPath(name)
    if parts.is_absolute() or PureWindowsPath(name).drive:
        return "is not a relative path"
    if ".." in parts.parts or "\0" in name:
        return "points outside the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link"
    if name in seen:
        return "occurs twice"
    return None


def _refuse_large(where: Path, size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise DataError(f"{where}: {size} bytes", f"images of at most {MAX_FILE_BYTES} bytes are read")


# Those of torchvision.datasets.folder.IMG_EXTENSIONS, which would cost the import of torch.
EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")

Files = npt.NDArray[Any]
"""Images of a split in the order of their paths. Fields: `path` below the split's folder (UTF-8), `size` in bytes,
`stamp` as in `containers.File`, and `label`. A million of them take about 100 MB, a tenth of Python's own strings."""


@dataclass(frozen=True, eq=False)
class Listing:
    """The images of a container, before any is read.

    Attributes:
        folders: by split, its folder; empty where the classes lie at the top.
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

    def name(self, split: Split, path: str) -> str:
        """Return an image's name in the container."""
        return below(self.folders[split], path)

    def labels(self, split: Split) -> npt.NDArray[np.int64]:
        """Return the labels, which count the sorted names of the classes."""
        return np.ascontiguousarray(self.files[split]["label"])


def below(folder: str, path: str) -> str:
    """Return the name of a path below a folder; the top has no name."""
    return f"{folder}/{path}" if folder else path


def list_images(
    where: Path, container: Container, folders: Mapping[Split, str], test_every: int | None = None
) -> Listing:
    """Find the images of both splits; other files, and names that begin with a dot, are passed over.

    Args:
        where: the container, for messages.
        container: where the images lie.
        folders: by split, its folder.
        test_every: instead of folders for the splits, of each class every so-manieth image is a test image.

    Raises:
        DataError: a split is missing or empty, there is one class only, or the splits' classes differ.
    """
    if test_every is not None:
        return _flat_listing(where, container, test_every)
    found = {split: _classes(where, container, folder) for split, folder in folders.items()}
    classes = {split: sorted(found[split]) for split in folders}
    layout = f"the layout is {folders['train']}/<class>/*.jpg and {folders['test']}/<class>/*.jpg"
    for split, folder in folders.items():
        if not classes[split]:
            names = container.top_level()
            held = ", ".join(names[:5]) + (", …" if len(names) > 5 else "") if names else "nothing"
            raise DataError(
                f"{where}: no images in {folder}/<class>/; at the top it holds {held}",
                f"{layout}, or <class>/*.jpg with test_every: 5 for every fifth image as a test image",
            )
    if len(classes["train"]) < 2:
        raise DataError(f"{where}: one class only, {classes['train'][0]}", layout)
    differing = sorted(set(classes["train"]) ^ set(classes["test"]))
    if differing:
        raise DataError(f"{where}: class {differing[0]} is in one split only", layout)
    files = {split: _in_order(found[split], classes[split]) for split in folders}
    return Listing(folders=dict(folders), files=files, classes=tuple(classes["train"]))


def _flat_listing(where: Path, container: Container, test_every: int) -> Listing:
    found = _classes(where, container, "")
    small = [name for name, files in found.items() if len(files) < test_every]
    if len(found) < 2 or small:
        what = f"class {small[0]} has fewer than {test_every} images" if small else f"{len(found)} classes at the top"
        raise DataError(f"{where}: {what}", f"the layout is <class>/*.jpg, every image number {test_every} for testing")
    test = {name: np.arange(len(files)) % test_every == test_every - 1 for name, files in found.items()}
    chosen: dict[Split, dict[str, Files]] = {
        "train": {name: files[~test[name]] for name, files in found.items()},
        "test": {name: files[test[name]] for name, files in found.items()},
    }
    classes = sorted(found)
    files = {split: _in_order(by_class, classes) for split, by_class in chosen.items()}
    return Listing(folders=dict.fromkeys(SPLITS, ""), files=files, classes=tuple(classes))


def _classes(where: Path, container: Container, folder: str) -> dict[str, Files]:
    """Return the images of each class that has any; one class at a time is held as Python objects."""
    classes: dict[str, Files] = {}
    for name, files in container.groups(folder, _is_image):
        names = [file.path for file in files]
        if name in classes or len(set(names)) < len(names):
            raise DataError(f"{where / folder / name}: two names differ in Unicode composition only", "rename one")
        if files:
            classes[name] = _rows(where / folder, sorted(files))
    return classes


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
