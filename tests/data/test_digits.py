from pathlib import Path

import numpy as np
import pytest

from depthtransfer.data import Declaration, load, load_declarations
from depthtransfer.data import digits as digits_loader
from depthtransfer.errors import DataError


@pytest.fixture
def digits() -> Declaration:
    return load_declarations(Path(__file__).parents[2] / "config" / "datasets.yaml")["digits"]


def test_splits(digits: Declaration, tmp_path: Path) -> None:
    train, test = load("digits", digits, tmp_path), load("digits", digits, tmp_path, split="test")
    assert (train.images.shape, test.images.shape) == ((1438, 1, 8, 8), (359, 1, 8, 8))
    assert (train.images.dtype, train.labels.dtype) == (np.uint8, np.int64)
    assert (train.images.min(), train.images.max()) == (0, 255)
    assert train.classes == tuple("0123456789")
    assert set(train.labels) == set(test.labels) == set(range(10))
    assert not list(tmp_path.iterdir())


def test_levels_are_those_of_the_source(digits: Declaration, tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    source = load_digits()
    first_test_image = load("digits", digits, tmp_path, split="test").images[0, 0]
    np.testing.assert_array_equal(np.rint(first_test_image / 255 * 16), source.images[4])


def test_scikit_learn_is_asked_where_its_file_has_moved(
    digits: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digits_loader, "_BUNDLED", Path("elsewhere.csv.gz"))
    assert len(load("digits", digits, tmp_path).labels) == 1438


def test_other_fingerprint_is_refused(digits: Declaration, tmp_path: Path) -> None:
    other = digits.model_copy(update={"fingerprint": f"sha256:{'0' * 64}"})
    with pytest.raises(DataError, match=rf"{digits.fingerprint}.*{other.fingerprint}"):
        load("digits", other, tmp_path)


def test_other_sizes_are_refused(digits: Declaration, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="359 instead of 360"):
        load("digits", digits.model_copy(update={"test_images": 360}), tmp_path)
    with pytest.raises(DataError, match="shape"):
        load("digits", digits.model_copy(update={"image_size": 9}), tmp_path)


def test_unknown_split(digits: Declaration, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="val"):
        load("digits", digits, tmp_path, split="val")  # type: ignore[arg-type]
