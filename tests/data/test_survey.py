from collections.abc import Callable
from pathlib import Path

import pytest

from depthtransfer.data import Declaration, load_declarations
from depthtransfer.data.image_folder import fingerprint, yaml_entry
from depthtransfer.errors import DataError

Files = dict[str, bytes]
Write = Callable[[Path, Files], Path]


def test_entry_reads_back(pets: Declaration, tmp_path: Path) -> None:
    (tmp_path / "datasets.yaml").write_text(yaml_entry("pets", pets))
    assert load_declarations(tmp_path / "datasets.yaml") == {"pets": pets}
    assert (pets.path, pets.classes, pets.train_images, pets.test_images) == ("pets.zip", 2, 6, 2)


def test_fingerprint_of_folder_and_zip_is_the_same(
    pets: Declaration, tmp_path: Path, files: Files, write_folder: Write
) -> None:
    unpacked = fingerprint(write_folder(tmp_path / "pets", files), tmp_path)
    assert unpacked.fingerprint == pets.fingerprint


def test_test_split_is_found(pets: Declaration, tmp_path: Path, files: Files, write_folder: Write) -> None:
    renamed = {name.replace("test/", "val/"): content for name, content in files.items()}
    found = fingerprint(write_folder(tmp_path / "pets", renamed), tmp_path)
    assert found.test_split == "val"
    assert found.fingerprint == pets.fingerprint


def test_path_outside_the_data_directory_is_absolute(pets: Declaration, tmp_path: Path) -> None:
    assert fingerprint(tmp_path / "pets.zip", tmp_path / "data").path == str(tmp_path / "pets.zip")


def test_grey_images(tmp_path: Path, files: Files, write_zip: Write, encoded: Callable[..., bytes]) -> None:
    grey = {name: encoded(seed, mode="L") for seed, name in enumerate(files)}
    assert fingerprint(write_zip(tmp_path / "grey.zip", grey), tmp_path).channels == 1


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent: not found"):
        fingerprint(tmp_path / "absent", tmp_path)
