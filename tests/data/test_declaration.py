from pathlib import Path

import pytest

from depthtransfer.data import default_data_directory, load_declarations
from depthtransfer.errors import ConfigurationError

ENTRY = """
pets:
  kind: image_folder
  path: pets.zip
  channels: 3
  image_size: 4
  classes: 2
  train_images: 6
  test_images: 2
  fingerprint: sha256:{digest}
  description: pets
  remedy: draw them
""".format(digest="0" * 64)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "datasets.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def message(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_declarations(write(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert "datasets.yaml" in str(caught.value)
    return str(caught.value)


def test_entry_is_read(tmp_path: Path) -> None:
    declaration = load_declarations(write(tmp_path, ENTRY))["pets"]
    assert (declaration.kind, declaration.image_size, declaration.resize) == ("image_folder", 4, False)
    assert (declaration.train_split, declaration.test_split) == ("train", "test")


def test_identity_tells_what_is_decoded_from_the_same_files(tmp_path: Path) -> None:
    declaration = load_declarations(write(tmp_path, ENTRY))["pets"]
    others = [{"channels": 1}, {"image_size": 8}, {"resize": True}]
    identities = {declaration.model_copy(update=change).identity for change in [{}, *others]}
    assert len(identities) == 4
    assert declaration.identity == f"sha256:{'0' * 64}/3x4x4"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("image_size: 4", "image_size: four", "pets.image_size"),
        ("image_size: 4", "imagesize: 4", "'image_size'"),
        ("remedy:", "cure: x\n  remedy:", "pets.cure"),
        ("classes: 2", "classes: 1", "pets.classes"),
        ("channels: 3", "channels: 4", "pets.channels"),
        ("sha256:0", "sha256:", "pets.fingerprint"),
        ("path: pets.zip", "", "path"),
        ("kind: image_folder", "kind: digits", "path"),
        ("kind: image_folder", "kind: sound", "pets.kind"),
        ("kind: image_folder", "kind: text", "`context`, and neither `channels`"),
        ("channels: 3", "", "images have `channels`"),
        ("channels: 3", "channels: 3\n  context: 8", "kind text alone"),
        ("path: pets.zip", "path: pets.zip\n  test_split: train", "same folder"),
        ("classes: 2", "classes: 2\n  classes: 3", "'classes' is written twice"),
        ("pets:", "My pets:", "not a data set's name"),
        ("pets:", "pets: [", "not valid YAML"),
    ],
)
def test_invalid_entry_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert expected in message(tmp_path, ENTRY.replace(old, new, 1))


def test_file_without_declarations(tmp_path: Path) -> None:
    assert "mapping" in message(tmp_path, "")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml"):
        load_declarations(tmp_path / "absent.yaml")


def test_shipped_declarations() -> None:
    shipped = load_declarations(Path(__file__).parents[2] / "config" / "datasets.yaml")
    images = {"digits", "cifar10", "cifar10_jpeg", "tiny_imagenet", "tiny_imagenet_full", "imagenet"}
    assert set(shipped) == images | {"coriolanus", "tiny_shakespeare"}


def test_the_variable_names_the_data_directory() -> None:
    assert default_data_directory({"DEPTHTRANSFER_DATA": "/there"}) == Path("/there")
    assert default_data_directory({"DEPTHTRANSFER_DATA": ""}) == Path("data")
