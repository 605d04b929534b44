"""Images decoded when they are needed: the same bits, from verified files, in bounded memory."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from depthtransfer.data import Dataset, Declaration, Split, load, verified_files
from depthtransfer.data.streaming import StreamedImages
from depthtransfer.errors import DataError

Files = dict[str, bytes]
Write = Callable[[Path, Files], Path]
Encoded = Callable[..., bytes]


@pytest.fixture
def streamed(pets: Declaration) -> Declaration:
    return pets.model_copy(update={"streamed": True})


@pytest.fixture
def folder(streamed: Declaration, tmp_path: Path, files: Files, write_folder: Write) -> Declaration:
    """The same images as a directory."""
    write_folder(tmp_path / "pets", files)
    return streamed.model_copy(update={"path": "pets"})


def everything(dataset: Dataset) -> np.ndarray:
    assert isinstance(dataset.images, StreamedImages)
    return dataset.images[np.arange(len(dataset.images))]


def refusal(declaration: Declaration, directory: Path) -> str:
    with pytest.raises(DataError) as caught:
        everything(load("pets", declaration, directory))
    assert "\n" not in str(caught.value)
    assert "pets" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("form", [{}, {"resize": True, "image_size": 7}, {"channels": 1}])
def test_images_are_those_of_the_cache_bit_by_bit(
    streamed: Declaration, folder: Declaration, tmp_path: Path, split: Split, form: dict
) -> None:
    expected = load("pets", streamed.model_copy(update=form | {"streamed": False}), tmp_path, split)
    for declaration in (streamed, folder):
        found = load("pets", declaration.model_copy(update=form), tmp_path, split)
        np.testing.assert_array_equal(everything(found), expected.images)
        np.testing.assert_array_equal(found.labels, expected.labels)
        assert found.images.shape == expected.images.shape
        assert (found.classes, found.labels.dtype) == (expected.classes, expected.labels.dtype)
        assert found.declaration.identity == expected.declaration.identity


def test_any_order_and_any_thread(streamed: Declaration, tmp_path: Path) -> None:
    images = load("pets", streamed, tmp_path).images
    whole = images[np.arange(6)]
    orders = [np.random.default_rng(seed).integers(0, 6, 5) for seed in range(60)]
    with ThreadPoolExecutor(4) as pool:
        for order, found in zip(orders, pool.map(images.__getitem__, orders), strict=True):
            np.testing.assert_array_equal(found, whole[order])


@pytest.mark.parametrize("container", ["zip", "folder"])
def test_images_are_verified_once(
    streamed: Declaration,
    folder: Declaration,
    tmp_path: Path,
    container: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declaration = streamed if container == "zip" else folder
    first = everything(load("pets", declaration, tmp_path))
    assert capsys.readouterr().err == "depthtransfer: verifying the 8 images of pets, once\n"
    monkeypatch.setattr(verified_files, "inspect", None)
    np.testing.assert_array_equal(everything(load("pets", declaration, tmp_path)), first)
    assert len(load("pets", declaration, tmp_path, "test").images) == 2
    assert capsys.readouterr().err == ""
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [
        verified_files.directory(declaration, tmp_path).name
    ]


def test_files_with_other_times_are_verified_again(
    folder: Declaration, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load("pets", folder, tmp_path)
    os.utime(tmp_path / "pets/train/cat/0.png", (0, 0))
    capsys.readouterr()
    load("pets", folder, tmp_path)
    assert "verifying the 8 images" in capsys.readouterr().err
    load("pets", folder, tmp_path)
    assert capsys.readouterr().err == ""
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_another_image_in_a_verified_place_is_refused_at_the_start(
    folder: Declaration, tmp_path: Path, encoded: Encoded
) -> None:
    load("pets", folder, tmp_path)
    (tmp_path / "pets/train/cat/0.png").write_bytes(encoded(99))
    assert "instead of the declared" in refusal(folder, tmp_path)


def test_an_image_that_changes_while_training_is_refused_when_it_is_read(
    folder: Declaration, tmp_path: Path, encoded: Encoded
) -> None:
    images = load("pets", folder, tmp_path).images
    path = tmp_path / "pets/train/dog/1.png"
    times = path.stat()
    path.write_bytes(encoded(99))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert len(images[np.array([0, 1, 2, 3, 5])]) == 5
    with pytest.raises(DataError, match=r"train/dog/1\.png: changed since it was verified"):
        images[np.array([0, 4])]
    path.unlink()
    with pytest.raises(DataError, match=r"train/dog/1\.png: cannot be read \(No such file"):
        images[np.array([4])]


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b""), lambda path: path.unlink()])
def test_a_damaged_list_of_verified_files_is_made_anew(
    streamed: Declaration, tmp_path: Path, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    expected = everything(load("pets", streamed, tmp_path))
    damage(verified_files.directory(streamed, tmp_path) / "train_sha256.npy")
    capsys.readouterr()
    np.testing.assert_array_equal(everything(load("pets", streamed, tmp_path)), expected)
    first, second = capsys.readouterr().err.splitlines()
    assert "set aside" in first
    assert "verifying the 8 images" in second


def test_the_images_are_needed_even_when_they_were_verified(streamed: Declaration, tmp_path: Path) -> None:
    load("pets", streamed, tmp_path)
    (tmp_path / "pets.zip").unlink()
    assert refusal(streamed, tmp_path).endswith(streamed.remedy)


def test_without_a_fingerprint_nothing_is_read(streamed: Declaration, tmp_path: Path) -> None:
    for declaration in (streamed, streamed.model_copy(update={"streamed": False})):
        unknown = declaration.model_copy(update={"fingerprint": None})
        assert "`depthtransfer data fingerprint pets`" in refusal(unknown, tmp_path)
        assert unknown.identity == "unrecorded/3x4x4"
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("streams", [True, False])
def test_a_fingerprint_is_recorded(
    streamed: Declaration, tmp_path: Path, streams: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = streamed.model_copy(update={"fingerprint": None, "streamed": streams})
    recorded = verified_files.record("pets", unknown, tmp_path)
    assert recorded == streamed.model_copy(update={"streamed": streams})
    capsys.readouterr()
    load("pets", recorded, tmp_path)
    assert "verifying" not in capsys.readouterr().err


def test_a_folder_of_another_size_gets_no_fingerprint(streamed: Declaration, tmp_path: Path) -> None:
    unknown = streamed.model_copy(update={"fingerprint": None, "train_images": 7})
    with pytest.raises(DataError, match="train_images 6 instead of 7"):
        verified_files.record("pets", unknown, tmp_path)


def test_grey_and_cmyk_images_are_counted_when_they_are_verified(
    tmp_path: Path, files: Files, write_zip: Write, encoded: Encoded, capsys: pytest.CaptureFixture[str]
) -> None:
    from depthtransfer.data.image_folder import survey

    files["train/cat/0.png"] = encoded(1, mode="L")
    files["train/dog/0.png"] = encoded(2, mode="CMYK", form="JPEG")
    files["train/dog/1.png"] = encoded(3, mode="P")
    found = survey(write_zip(tmp_path / "pets.zip", files), tmp_path)
    assert found.modes == {"RGB": 5, "L": 1, "CMYK": 1, "P": 1}
    load("pets", found.declaration.model_copy(update={"streamed": True}), tmp_path)
    assert "converted to RGB: 1 of mode CMYK, 1 of mode L, 1 of mode P" in capsys.readouterr().err


def test_a_long_verification_says_how_far_it_is(
    streamed: Declaration, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("depthtransfer.data.image_folder.REPORT_EVERY", -1.0)
    load("pets", streamed, tmp_path)
    assert "pets: 5 of 8 images verified" in capsys.readouterr().err


PEAK = """
import resource, sys
from itertools import islice
from pathlib import Path
import torch
from depthtransfer.data import Declaration, load
from depthtransfer.training.augmentation import Augmentation
from depthtransfer.training.batches import batches

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

declaration, directory, batch_size, steps = sys.argv[1:]
data = load("noise", Declaration.model_validate_json(declaration), Path(directory))
stream = batches(
    data.images, data.labels, batch_size=int(batch_size), augmentation=Augmentation(crop_padding=4, flip=True), seed=0,
    device=torch.device("cpu"),
)
for batch in islice(stream, 16):
    pass
begun = peak()
for batch in islice(stream, int(steps) - 16):
    pass
print(peak() - begun)
"""
"""Streams batches and prints how much the peak resident size grows after the first sixteen."""


def test_memory_does_not_grow_with_the_images_that_went_through(
    tmp_path: Path, encoded: Encoded, write_folder: Write
) -> None:
    from depthtransfer.data.image_folder import fingerprint

    size, batch_size, steps = 224, 8, 40
    image = encoded(0, (size, size), form="JPEG")
    files = {f"train/{kind}/{number}.jpg": image for kind in "ab" for number in range(batch_size * steps // 2)}
    tested = {"test/a/0.jpg": image, "test/b/0.jpg": image}
    declaration = fingerprint(write_folder(tmp_path / "noise", files | tested), tmp_path)
    declared = declaration.model_copy(update={"streamed": True}).model_dump_json()
    done = subprocess.run(
        [sys.executable, "-c", PEAK, declared, str(tmp_path), str(batch_size), str(steps)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    afterwards = int(done.stdout)
    one_batch = batch_size * 3 * size * size
    assert afterwards < 12 * one_batch, f"{steps - 16} batches went through"


def test_a_start_with_many_files_is_quick_and_small(tmp_path: Path) -> None:
    """Four thousand names: listed as arrays, not as objects that stay."""
    from depthtransfer.data.containers import list_images, open_container

    for split in ("train", "val"):
        for kind in range(4):
            place = tmp_path / split / f"n{kind:08d}"
            place.mkdir(parents=True)
            for number in range(500):
                (place / f"n{kind:08d}_{number}.JPEG").touch()
    started = time.process_time()
    with open_container(tmp_path, "") as container:
        listing = list_images(tmp_path, container, {"train": "train", "test": "val"})
    assert time.process_time() - started < 5
    assert listing.counts() == {"train": 2_000, "test": 2_000}
    assert sum(files.nbytes for files in listing.files.values()) < 4_000 * 64
    assert listing.labels("train").tolist() == sorted(listing.labels("train").tolist())
