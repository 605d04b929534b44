"""Against a miniature of the official archive: same files and keys, a few images, its own checksums."""

import hashlib
import os
import pickle
import tarfile
import urllib.error
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from depthtransfer.data import Declaration, load
from depthtransfer.errors import DataError

PER_BATCH = 2


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A miniature archive outside the data directory; torchvision takes it for the official one."""
    from torchvision.datasets import CIFAR10

    folder = tmp_path / "made" / CIFAR10.base_folder
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    batches = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    for name in batches:
        data = random.integers(0, 256, (PER_BATCH, 3072), dtype=np.uint8)
        (folder / name).write_bytes(pickle.dumps({"data": data, "labels": [1, 0]}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["airplane", "automobile"]}))
    packed = tmp_path / "made" / CIFAR10.filename
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(folder, CIFAR10.base_folder)
    sums = [[name, _md5(folder / name)] for name in batches]
    monkeypatch.setattr(CIFAR10, "train_list", sums[:-1])
    monkeypatch.setattr(CIFAR10, "test_list", sums[-1:])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": _md5(folder / "batches.meta")})
    monkeypatch.setattr(CIFAR10, "tgz_md5", _md5(packed))

    def no_network(*arguments: object, **keywords: object) -> None:
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    return packed


@pytest.fixture
def declaration(archive: Path) -> Declaration:
    return Declaration(
        kind="cifar10",
        channels=3,
        image_size=32,
        classes=2,
        train_images=5 * PER_BATCH,
        test_images=PER_BATCH,
        fingerprint=f"md5:{_md5(archive)}",
        description="miniature",
        remedy="fetch it",
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_archive_in_the_data_directory(archive: Path, declaration: Declaration, directory: Path) -> None:
    directory.mkdir()
    archive.rename(directory / archive.name)
    train, test = load("mini", declaration, directory), load("mini", declaration, directory, split="test")
    assert (train.images.shape, test.images.shape) == ((10, 3, 32, 32), (2, 3, 32, 32))
    assert train.labels.tolist() == [1, 0] * 5
    assert train.classes == ("airplane", "automobile")
    batch = pickle.loads((directory / "cifar-10-batches-py/data_batch_1").read_bytes())
    np.testing.assert_array_equal(train.images[:PER_BATCH], batch["data"].reshape(-1, 3, 32, 32))
    names = {"cache", archive.name, "cifar-10-batches-py"}
    assert {path.name for path in directory.iterdir()} == names


def test_without_network(declaration: Declaration, directory: Path) -> None:
    with pytest.raises(DataError, match=r"no network in tests.*; fetch it") as caught:
        load("mini", declaration, directory)
    assert "\n" not in str(caught.value)
    assert not list(directory.iterdir())


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.write_bytes(b"half an archive")])
def test_what_is_no_archive_is_kept_and_named(
    archive: Path, declaration: Declaration, directory: Path, make: Callable[[Path], object]
) -> None:
    directory.mkdir()
    make(directory / archive.name)
    with pytest.raises(DataError, match=rf"{archive.name} is damaged or incomplete; remove it"):
        load("mini", declaration, directory)
    assert (directory / archive.name).exists()


def test_what_a_killed_download_left_is_removed_after_a_day(
    archive: Path, declaration: Declaration, directory: Path
) -> None:
    for name in (".cifar10-old", ".cifar10-young"):
        (directory / name).mkdir(parents=True)
    os.utime(directory / ".cifar10-old", (0, 0))
    (directory / archive.name).write_bytes(archive.read_bytes())
    load("mini", declaration, directory)
    assert (directory / ".cifar10-young").exists()
    assert not (directory / ".cifar10-old").exists()


def test_damaged_batch(archive: Path, declaration: Declaration, directory: Path) -> None:
    directory.mkdir()
    folder = (archive.parent / "cifar-10-batches-py").rename(directory / "cifar-10-batches-py")
    (folder / "data_batch_3").write_bytes(b"")
    with pytest.raises(DataError, match="cifar-10-batches-py is damaged or incomplete; remove it"):
        load("mini", declaration, directory)


def test_other_fingerprint_is_refused(declaration: Declaration, directory: Path) -> None:
    other = declaration.model_copy(update={"fingerprint": f"md5:{'0' * 32}"})
    with pytest.raises(DataError, match="instead of the declared md5:000"):
        load("mini", other, directory)


def test_declared_fingerprint_is_torchvisions() -> None:
    from torchvision.datasets import CIFAR10

    from depthtransfer.data import load_declarations

    declared = load_declarations(Path(__file__).parents[2] / "config" / "datasets.yaml")["cifar10"]
    assert declared.fingerprint == f"md5:{CIFAR10.tgz_md5}"
