"""Runs on images streamed from disk at 224 pixels, as those on ImageNet: a miniature of it."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depthtransfer.data import Declaration
from depthtransfer.data.image_folder import fingerprint
from depthtransfer.errors import DataError
from depthtransfer.store.records import Record
from depthtransfer.sweeps.execution import Executor

from .tiny import exact_losses, spec

CLASSES = 4


def miniature(directory: Path) -> Declaration:
    """A few smooth pictures of 64 pixels in ImageNet's layout, one of them grey."""
    random = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 1)):
        for kind in range(CLASSES):
            folder = directory / "miniature" / split / f"n{kind:08d}"
            folder.mkdir(parents=True)
            for number in range(count):
                coarse = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
                picture = coarse.resize((64, 64), Image.Resampling.BICUBIC)
                picture.convert("L" if number == kind == 0 else "RGB").save(folder / f"{number}.JPEG")
    return fingerprint(directory / "miniature", directory)


@pytest.fixture(scope="module")
def tiny_imagenet_224(tmp_path_factory: pytest.TempPathFactory) -> Executor:
    """The images scaled to 224 pixels under two names, `streamed` and `cached`."""
    directory = tmp_path_factory.mktemp("tiny_imagenet_224")
    streamed = miniature(directory).model_copy(update={"image_size": 224, "resize": True, "streamed": True})
    cached = streamed.model_copy(update={"streamed": False})
    return Executor({"streamed": streamed, "cached": cached}, directory, "cpu")


def run(executor: Executor, dataset: str) -> Record:
    wanted = spec(dataset=dataset, learning_rate=1e-3, batch_size=5, steps=8, crop_padding=16, flip=True)
    return executor.run(replace(wanted, width=2), lambda step, loss: None)


def test_a_network_trains_on_streamed_images_as_on_images_in_memory(tiny_imagenet_224: Executor) -> None:
    threads = threading.active_count()
    record = run(tiny_imagenet_224, "streamed")
    assert record.summary["status"] == "ok"
    assert len(record.series["loss"]) == 8
    assert np.isfinite(record.series["loss"]).all()
    assert threading.active_count() == threads
    assert exact_losses(run(tiny_imagenet_224, "cached")) == exact_losses(record)


def test_an_image_that_vanishes_during_a_run_ends_it_in_one_line(tmp_path: Path) -> None:
    declaration = miniature(tmp_path).model_copy(update={"streamed": True})
    executor = Executor({"streamed": declaration}, tmp_path, "cpu")
    executor.dataset("streamed")
    for path in (tmp_path / "miniature/train/n00000001").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"n00000001/\d\.JPEG: cannot be read \(No such file"):
        run(executor, "streamed")
