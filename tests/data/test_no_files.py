"""Pipes, links in a circle and folders where files of a data set should be: named, never waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from depthtransfer.data import Declaration, cache, load
from depthtransfer.errors import DataError

PLACED: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "circle": lambda path: path.symlink_to(path.name),
    "nowhere": lambda path: path.symlink_to("nowhere"),
    "file": lambda path: path.write_text("in the way"),
    "folder": Path.mkdir,
}


@pytest.mark.parametrize("what", PLACED)
def test_in_the_place_of_a_cache_entry(
    pets: Declaration, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    entry = cache.directory(pets, tmp_path)
    entry.parent.mkdir()
    PLACED[what](entry)
    assert len(load("pets", pets, tmp_path).labels) == 6
    assert "set aside as" in capsys.readouterr().err
    assert sorted(path.name.partition(".")[0] for path in entry.parent.iterdir()) == [entry.name] * 2


@pytest.mark.parametrize("what", PLACED)
@pytest.mark.parametrize("name", ["manifest.json", "train_images.npy"])
def test_in_the_place_of_a_file_of_the_cache(
    pets: Declaration, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, what: str
) -> None:
    load("pets", pets, tmp_path)
    path = cache.directory(pets, tmp_path) / name
    path.unlink()
    PLACED[what](path)
    assert len(load("pets", pets, tmp_path).labels) == 6
    assert "set aside as" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["pipe", "circle", "nowhere", "file"])
def test_in_the_place_of_an_archive(pets: Declaration, tmp_path: Path, what: str) -> None:
    (tmp_path / "pets.zip").unlink()
    PLACED[what](tmp_path / "pets.zip")
    with pytest.raises(DataError, match=r"pets\.zip: (neither a directory nor an intact zip|not found|cannot be read)"):
        load("pets", pets, tmp_path)


def test_folders_that_lead_back_to_themselves(
    pets: Declaration, tmp_path: Path, write_folder: Callable[..., Path], files: dict[str, bytes]
) -> None:
    """Two such links would be followed 2^40 times."""
    folder = write_folder(tmp_path / "pets", files)
    inside = next(path for path in (folder / "train").iterdir())
    for name in ("one", "two"):
        (inside / name).symlink_to(".")
    with pytest.raises(DataError, match="leads back to a folder above it; remove the link"):
        load("pets", pets.model_copy(update={"path": "pets"}), tmp_path)
