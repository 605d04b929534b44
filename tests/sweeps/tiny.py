"""Runs of a second or less, through the same executor as every other run; also a program, for a process of its own.

The images come from an arithmetic rule, not from a random generator, so that nothing but this file decides them.
"""

import json
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from depthtransfer.data import Dataset, Declaration, Split
from depthtransfer.scaling import Constants, Optimizer, Scheme
from depthtransfer.store.records import Record
from depthtransfer.sweeps import execution
from depthtransfer.sweeps.execution import Executor
from depthtransfer.sweeps.spec import RunSpec

COUNT = 40


def dataset(name: str) -> Dataset:
    """Forty images in four classes, `grey`, 1 x 8 x 8, or `colour`, 3 x 16 x 16; or forty windows of a `text`."""
    if name == "text":
        return text()
    channels, size = {"grey": (1, 8), "colour": (3, 16)}[name]
    declaration = Declaration(
        kind="digits",
        channels=channels,
        image_size=size,
        classes=4,
        train_images=COUNT,
        test_images=1,
        fingerprint="sha256:" + "0" * 64,
        description="tiny",
        remedy="none",
    )
    n, c, i, j = np.indices((COUNT, channels, size, size))
    labels = np.arange(COUNT) % 4
    waves = 60 * np.cos(0.8 * (1 + n % 4) * i + c) + 50 * np.sin(0.5 * n + 1.1 * j * (1 + n % 3))
    return Dataset(name, (127 + waves).astype(np.uint8), labels.astype(np.int64), tuple("abcd"), declaration)


def text() -> Dataset:
    """Windows of eight characters out of four."""
    declaration = Declaration(
        kind="text",
        path="nowhere",
        context=8,
        classes=4,
        train_images=COUNT,
        test_images=1,
        fingerprint="sha256:" + "0" * 64,
        description="tiny",
        remedy="none",
    )
    n, t = np.indices((COUNT, 9))
    characters = (n + t * (1 + n % 3)) % 4
    windows, following = characters[:, :-1].astype(np.uint8), characters[:, 1:].astype(np.int64)
    return Dataset("text", windows, following, tuple("abcd"), declaration)


class TinyExecutor(Executor):
    """An executor that needs no files."""

    def __init__(self) -> None:
        super().__init__({}, Path("nowhere"), "cpu")

    def dataset(self, name: str, split: Split = "train") -> Dataset:
        return dataset(name)


def spec(**changes: Any) -> RunSpec:
    """Six steps of width 4 and depth 3, with the given changes; constants may be given by name."""
    plain = RunSpec(
        model="cnn",
        width=4,
        depth=3,
        scheme=Scheme.MUP_SQRT_DEPTH,
        constants=Constants(),
        optimizer=Optimizer.SGD,
        learning_rate=0.5,
        momentum=0.0,
        weight_decay=0.0,
        schedule="constant",
        warmup=0,
        dataset="grey",
        data_identity="sha256:" + "0" * 64 + "/1x8x8",
        batch_size=8,
        crop_padding=0,
        flip=False,
        rotation_degrees=0.0,
        steps=6,
        seed=0,
        precision="fp32",
    )
    constants = {field.name: changes.pop(field.name) for field in fields(Constants) if field.name in changes}
    return replace(plain, constants=replace(plain.constants, **constants), **changes)


def run(wanted: RunSpec) -> Record:
    """Train with one thread, as the sweeps' processes do; who computed it, when and from which commit is left out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with mock.patch.object(execution, "provenance", return_value={}):
            return TinyExecutor().run(wanted, lambda step, loss: None)
    finally:
        torch.set_num_threads(threads)


def exact_losses(record: Record) -> list[str]:
    return [float(loss).hex() for loss in record.series["loss"]]


if __name__ == "__main__":
    from depthtransfer.training.process import make_deterministic

    make_deterministic()
    record = run(RunSpec.from_fields(json.loads(sys.argv[1])))
    print(json.dumps(exact_losses(record)))
