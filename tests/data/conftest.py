"""Tiny image folders, drawn here, in the layout of the large ones."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depthtransfer.data import Declaration
from depthtransfer.data.image_folder import fingerprint

Files = dict[str, bytes]


def _encoded(seed: int, size: tuple[int, int] = (4, 4), mode: str = "RGB", form: str = "PNG") -> bytes:
    shape = size[::-1] if mode == "L" else (*size[::-1], 3)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, form)
    return buffer.getvalue()


def _write_folder(path: Path, files: Files) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def _write_zip(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in reversed(files):
            archive.writestr(name, files[name])
    return path


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    """A random image of a seed as an encoded file."""
    return _encoded


@pytest.fixture
def write_folder() -> Callable[[Path, Files], Path]:
    return _write_folder


@pytest.fixture
def write_zip() -> Callable[[Path, Files], Path]:
    """Writes files in reverse order: nothing may depend on it."""
    return _write_zip


@pytest.fixture
def files() -> Files:
    """Two classes, three training images and one test image of each."""
    counts = {"train": 3, "test": 1}
    return {
        f"{split}/{name}/{i}.png": _encoded(100 * (split == "test") + 10 * (name == "dog") + i)
        for split, count in counts.items()
        for name in ("cat", "dog")
        for i in range(count)
    }


@pytest.fixture
def pets(tmp_path: Path, files: Files) -> Declaration:
    """The standard files as `pets.zip` in tmp_path, declared."""
    return fingerprint(_write_zip(tmp_path / "pets.zip", files), tmp_path)
