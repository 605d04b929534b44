import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from depthtransfer.data import Dataset, Declaration, cache, image_folder, load
from depthtransfer.data.hashing import sha256
from depthtransfer.errors import DataError


@pytest.fixture
def entry(pets: Declaration, tmp_path: Path) -> Path:
    """A finished cache entry; the zip it was made from is gone."""
    load("pets", pets, tmp_path)
    (tmp_path / "pets.zip").rename(tmp_path / "moved.zip")
    return cache.directory(pets, tmp_path)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def assert_same(one: Dataset, other: Dataset) -> None:
    assert one.classes == other.classes
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(one.labels, other.labels)


def test_cache_stands_in_for_the_source(
    pets: Declaration, tmp_path: Path, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    (tmp_path / "moved.zip").rename(tmp_path / "pets.zip")
    decoded = image_folder.read("pets", pets, tmp_path)
    (tmp_path / "pets.zip").unlink()
    for split in ("train", "test"):
        cached = load("pets", pets, tmp_path, split)
        assert_same(cached, Dataset("pets", decoded.images[split], decoded.labels[split], decoded.classes, pets))
        assert isinstance(cached.images, np.memmap)
        assert (cached.images.dtype, cached.labels.dtype) == (np.uint8, np.int64)
    assert capsys.readouterr().err == ""
    assert names(entry.parent) == [entry.name]
    assert entry.name == f"{pets.fingerprint[7:23]}-3x4x4"


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["train_images.npy", "manifest.json"])
@pytest.mark.parametrize(
    "damage",
    [
        _flip_a_bit,
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), os.mkfifo(path)),
        lambda path: (path.unlink(), path.symlink_to(path.name)),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["bit", "truncated", "missing", "pipe", "circle", "folder"],
)
def test_damaged_entry_is_set_aside_and_built_anew(
    pets: Declaration,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    damage: Callable[[Path], object],
) -> None:
    before = load("pets", pets, tmp_path)
    entry = cache.directory(pets, tmp_path)
    expected = Dataset("pets", before.images.copy(), before.labels.copy(), before.classes, pets)
    capsys.readouterr()
    damage(entry / name)
    assert_same(load("pets", pets, tmp_path), expected)
    first_line, *others = capsys.readouterr().err.splitlines()
    assert str(entry) in first_line
    assert "set aside" in first_line
    assert len(others) == 1
    assert [path.startswith(f"{entry.name}.damaged-") for path in names(entry.parent)] == [False, True]


@pytest.mark.parametrize("place", [os.mkfifo, lambda path: path.symlink_to(path.name), lambda path: path.touch()])
def test_what_lies_in_the_place_of_an_entry_is_set_aside(
    pets: Declaration, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: Callable[[Path], object]
) -> None:
    entry = cache.directory(pets, tmp_path)
    entry.parent.mkdir()
    place(entry)
    assert len(load("pets", pets, tmp_path).labels) == 6
    assert "set aside as" in capsys.readouterr().err
    assert sorted(path.name.partition(".")[0] for path in entry.parent.iterdir()) == [entry.name] * 2


def test_manifest_of_other_data_is_not_believed(pets: Declaration, tmp_path: Path, entry: Path) -> None:
    manifest = entry / "manifest.json"
    manifest.write_text(manifest.read_text().replace(pets.fingerprint, "sha256:other"))
    with pytest.raises(DataError, match=r"pets\.zip: not found"):
        load("pets", pets, tmp_path)


def test_pickled_objects_are_not_loaded(pets: Declaration, tmp_path: Path, entry: Path) -> None:
    images = entry / "train_images.npy"
    old = sha256(images)
    np.save(images, np.array([{}], dtype=object), allow_pickle=True)
    manifest = entry / "manifest.json"
    manifest.write_text(manifest.read_text().replace(old, sha256(images)))
    with pytest.raises(DataError, match=r"pets\.zip: not found"):
        load("pets", pets, tmp_path)


@contextmanager
def _files_limited_to(size: int) -> Iterator[None]:
    """Let the system refuse longer files, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_leaves_nothing_behind(pets: Declaration, tmp_path: Path) -> None:
    with _files_limited_to(200), pytest.raises(DataError) as caught:
        load("pets", pets, tmp_path)
    assert "cannot be written (File too large)" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert names(tmp_path / "cache") == []
    assert len(load("pets", pets, tmp_path).labels) == 6


def test_cache_place_taken_by_a_file(pets: Declaration, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        load("pets", pets, tmp_path)


def test_interrupt_leaves_nothing_behind(pets: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(whole: Path, entry: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cache, "_publish", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load("pets", pets, tmp_path)
    assert names(tmp_path / "cache") == []


def test_what_killed_processes_left_is_removed_after_a_day(pets: Declaration, tmp_path: Path) -> None:
    old, young = tmp_path / "cache" / ".writing-old", tmp_path / "cache" / ".writing-young"
    old.mkdir(parents=True)
    young.mkdir()
    os.utime(old, (0, 0))
    load("pets", pets, tmp_path)
    assert (old.exists(), young.exists()) == (False, True)


def test_processes_that_write_at_once(pets: Declaration, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from depthtransfer.data import Declaration, load;"
        "directory, declaration = sys.argv[1:];"
        "print(load('pets', Declaration.model_validate_json(declaration), Path(directory)).labels.sum())"
    )
    command = [sys.executable, "-c", code, str(tmp_path), pets.model_dump_json()]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in running] == ["3"] * 2
    assert names(tmp_path / "cache") == [cache.directory(pets, tmp_path).name]
