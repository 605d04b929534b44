"""The archives that a run uses, where the data directory holds them."""

from pathlib import Path

import numpy as np
import pytest

from depthtransfer.data import Split, default_data_directory, load, load_declarations

DECLARED = load_declarations(Path(__file__).parents[2] / "config" / "datasets.yaml")


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", ["cifar10_jpeg", "tiny_imagenet"])
def test_archive_is_the_declared_one(name: str, split: Split, tmp_path_factory: pytest.TempPathFactory) -> None:
    declaration = DECLARED[name]
    assert declaration.path is not None
    source = (default_data_directory() / declaration.path).absolute()
    if not source.exists():
        pytest.skip(f"{source} is not there; DEPTHTRANSFER_DATA names the directory that holds it")
    directory = tmp_path_factory.getbasetemp() / "linked"
    directory.mkdir(exist_ok=True)
    if not (directory / source.name).exists():
        (directory / source.name).symlink_to(source)
    dataset = load(name, declaration, directory, split)
    per_class = np.bincount(dataset.labels)
    assert len(per_class) == declaration.classes
    assert per_class.min() == per_class.max()
    assert dataset.images.shape[1:] == (3, declaration.image_size, declaration.image_size)
    assert 100 < dataset.images[:: len(dataset.images) // 100].mean() < 140
