import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from depthtransfer.data import Declaration, image_folder, load_declarations
from depthtransfer.data.containers import EXTENSIONS
from depthtransfer.data.hashing import hash_files
from depthtransfer.data.image_folder import fingerprint, survey, yaml_entry
from depthtransfer.errors import DataError
from depthtransfer.strict import validate

Files = dict[str, bytes]
Write = Callable[[Path, Files], Path]
Encoded = Callable[..., bytes]


def read(declaration: Declaration, directory: Path) -> image_folder.Arrays:
    return image_folder.read("pets", declaration, directory)


def message(declaration: Declaration, directory: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(declaration, directory)
    assert "\n" not in str(caught.value)
    assert "pets" in str(caught.value)
    return str(caught.value)


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).transpose(2, 0, 1)


def test_arrays(pets: Declaration, tmp_path: Path, files: Files) -> None:
    arrays = read(pets, tmp_path)
    assert arrays.classes == ("cat", "dog")
    assert arrays.images["train"].shape == (6, 3, 4, 4)
    assert arrays.images["test"].dtype == np.uint8
    assert arrays.labels["train"].tolist() == [0, 0, 0, 1, 1, 1]
    assert arrays.labels["test"].dtype == np.int64
    np.testing.assert_array_equal(arrays.images["train"][4], pixels(files["train/dog/1.png"]))


def test_agrees_with_torchvision(pets: Declaration, tmp_path: Path, files: Files, write_folder: Write) -> None:
    from torchvision.datasets import ImageFolder
    from torchvision.datasets.folder import IMG_EXTENSIONS

    theirs = ImageFolder(write_folder(tmp_path / "pets", files) / "train")
    ours = read(pets, tmp_path)
    assert EXTENSIONS == IMG_EXTENSIONS
    assert list(ours.classes) == theirs.classes
    for position, (image, label) in enumerate(theirs):
        assert ours.labels["train"][position] == label
        np.testing.assert_array_equal(ours.images["train"][position], np.asarray(image).transpose(2, 0, 1))


def test_folder_and_zip_are_the_same_data(pets: Declaration, tmp_path: Path, files: Files, write_folder: Write) -> None:
    write_folder(tmp_path / "unpacked", files)
    unpacked = read(pets.model_copy(update={"path": "unpacked"}), tmp_path)
    np.testing.assert_array_equal(unpacked.images["train"], read(pets, tmp_path).images["train"])
    assert fingerprint(tmp_path / "unpacked", tmp_path).fingerprint == pets.fingerprint


def test_fingerprint_depends_on_each_part() -> None:
    base = [("train", "cat/0.png", "a"), ("test", "cat/0.png", "b")]
    changed = [
        [("test", "cat/0.png", "a"), ("train", "cat/0.png", "b")],
        [("train", "dog/0.png", "a"), ("test", "cat/0.png", "b")],
        [("train", "cat/0.png", "c"), ("test", "cat/0.png", "b")],
        base[:1],
    ]
    assert hash_files(base) == hash_files(reversed(base))
    assert len({hash_files(files) for files in [base, *changed]}) == 5


def test_other_files_are_passed_over(pets: Declaration, tmp_path: Path, files: Files, write_zip: Write) -> None:
    clutter = {
        "train/cat/notes.txt": b"",
        "train/cat/._0.png": b"",
        "train/.DS_Store": b"",
        "__MACOSX/0.png": b"",
    }
    write_zip(tmp_path / "pets.zip", files | clutter)
    assert len(read(pets, tmp_path).labels["train"]) == 6


def test_grey_image_in_a_colour_set(tmp_path: Path, files: Files, write_zip: Write, encoded: Encoded) -> None:
    files["train/cat/0.png"] = encoded(7, mode="L")
    declaration = fingerprint(write_zip(tmp_path / "pets.zip", files), tmp_path)
    first = read(declaration, tmp_path).images["train"][0]
    np.testing.assert_array_equal(first, pixels(files["train/cat/0.png"]))
    grey = read(declaration.model_copy(update={"channels": 1}), tmp_path).images["train"]
    assert grey.shape == (6, 1, 4, 4)
    np.testing.assert_array_equal(grey[0, 0], first[0])


def test_resize_crops_to_the_centred_square(tmp_path: Path, files: Files, write_zip: Write) -> None:
    wide = np.zeros((8, 16, 3), dtype=np.uint8)
    wide[:, 4:12] = 200
    buffer = io.BytesIO()
    Image.fromarray(wide).save(buffer, "PNG")
    files["train/cat/0.png"] = buffer.getvalue()
    declaration = fingerprint(write_zip(tmp_path / "pets.zip", files), tmp_path)
    assert (declaration.resize, declaration.image_size) == (True, 4)
    np.testing.assert_array_equal(read(declaration, tmp_path).images["train"][0], 200)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"path": "absent-pets.zip"}, "absent-pets.zip: not found"),
        ({"test_split": "val"}, "no images in val/<class>/; at the top it holds test, train"),
        ({"classes": 3}, "classes 2 instead of 3"),
        ({"train_images": 7, "test_images": 1}, "train_images 6 instead of 7, test_images 2 instead of 1"),
        ({"image_size": 5}, "train/cat/0.png: 4x4 pixels instead of 5x5"),
        ({"fingerprint": f"sha256:{'0' * 64}"}, "instead of the declared sha256:000"),
    ],
)
def test_declaration_that_does_not_fit(
    pets: Declaration, tmp_path: Path, change: dict[str, object], expected: str
) -> None:
    assert expected in message(pets.model_copy(update=change), tmp_path)


def test_missing_data_say_the_remedy(pets: Declaration, tmp_path: Path) -> None:
    (tmp_path / "pets.zip").unlink()
    assert str(message(pets, tmp_path)).endswith(pets.remedy)


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (lambda name: False, "at the top it holds nothing"),
        (lambda name: "/cat/" in name, "one class only, cat"),
        (lambda name: name != "test/dog/0.png", "class dog is in one split only"),
        (lambda name: name != "train/dog/0.png", "train_images 5 instead of 6"),
    ],
)
def test_incomplete_data(
    pets: Declaration, tmp_path: Path, files: Files, write_zip: Write, keep: Callable[[str], bool], expected: str
) -> None:
    write_zip(tmp_path / "pets.zip", {name: content for name, content in files.items() if keep(name)})
    assert expected in message(pets, tmp_path)


def test_sixteen_bits_are_refused(pets: Declaration, tmp_path: Path, files: Files, write_zip: Write) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), dtype=np.uint16)).save(buffer, "PNG")
    write_zip(tmp_path / "pets.zip", files | {"test/cat/0.png": buffer.getvalue()})
    assert "test/cat/0.png: pixels of mode I;16" in message(pets, tmp_path)


def test_entry_reads_back(pets: Declaration, tmp_path: Path) -> None:
    (tmp_path / "datasets.yaml").write_text(yaml_entry("pets", pets))
    assert load_declarations(tmp_path / "datasets.yaml") == {"pets": pets}
    assert (pets.path, pets.classes, pets.train_images, pets.test_images) == ("pets.zip", 2, 6, 2)


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


def test_a_flat_folder_is_split_by_number(tmp_path: Path, files: Files, write_folder: Write, write_zip: Write) -> None:
    flat = {name.removeprefix("train/"): content for name, content in files.items() if name.startswith("train/")}
    pack = {"folder": write_folder, "it.zip": write_zip}
    declared = [
        survey(write(tmp_path / name, flat), tmp_path, test_every=3).declaration for name, write in pack.items()
    ]
    assert declared[0].fingerprint == declared[1].fingerprint
    assert (declared[0].train_images, declared[0].test_images) == (4, 2)
    for declaration in declared:
        arrays = read(validate(Declaration, yaml.safe_load(yaml_entry("pets", declaration))["pets"], ""), tmp_path)
        np.testing.assert_array_equal(arrays.images["test"][1], pixels(flat["dog/2.png"]))
        np.testing.assert_array_equal(arrays.images["train"][1], pixels(flat["cat/1.png"]))
    with pytest.raises(DataError, match=r"class (cat|dog) has fewer than 4 images"):
        survey(tmp_path / "folder", tmp_path, test_every=4)
    with pytest.raises(DataError, match=r"no images in train/<class>/; .*test_every: 5"):
        survey(tmp_path / "folder", tmp_path)
