"""What is wrong with an image is said in one line that names it, before training starts, streamed or not."""

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from depthtransfer.data import Declaration, load
from depthtransfer.errors import DataError

Files = dict[str, bytes]
Write = Callable[[Path, Files], Path]
Encoded = Callable[..., bytes]

NAME = "train/dog/1.png"


@pytest.fixture(params=[False, True], ids=["cached", "streamed"])
def folder(
    request: pytest.FixtureRequest, pets: Declaration, tmp_path: Path, files: Files, write_folder: Write
) -> Declaration:
    """The standard files as a directory, in memory or streamed."""
    write_folder(tmp_path / "pets", files)
    return pets.model_copy(update={"path": "pets", "streamed": request.param})


def refusal(declaration: Declaration, directory: Path) -> str:
    with pytest.raises(DataError) as caught:
        load("pets", declaration, directory)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def all_images(declaration: Declaration, directory: Path) -> np.ndarray:
    return load("pets", declaration, directory).images[np.arange(declaration.train_images)]


def encode(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(5).integers(0, 256, (4, 4, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("mode", "form"), [("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("RGBA", "PNG"), ("CMYK", "JPEG")]
)
def test_every_mode_is_converted_as_by_torchvision(
    folder: Declaration, tmp_path: Path, mode: str, form: str, write_folder: Write, files: Files
) -> None:
    from torchvision.datasets.folder import pil_loader

    from depthtransfer.data.image_folder import fingerprint

    write_folder(tmp_path / "pets", {NAME: encode(noise().convert(mode), form)})
    found = fingerprint(tmp_path / "pets", tmp_path).fingerprint
    theirs = np.asarray(pil_loader(tmp_path / "pets" / NAME)).transpose(2, 0, 1)
    images = all_images(folder.model_copy(update={"fingerprint": found}), tmp_path)
    np.testing.assert_array_equal(images[4], theirs)


def test_resizing_is_close_to_torchvisions(tmp_path: Path, write_folder: Write) -> None:
    """Theirs rounds the longer side before it crops, ours crops first: the same picture, not the same bits."""
    from torchvision import transforms

    from depthtransfer.data.decoding import decode, strict_decoding

    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8))
    photo = photo.resize((500, 375), Image.Resampling.BICUBIC)
    theirs = np.asarray(transforms.Compose([transforms.Resize(224), transforms.CenterCrop(224)])(photo), dtype=float)
    with strict_decoding():
        ours = decode("photo", encode(photo, "PNG"), 3, 224, resize=True).transpose(1, 2, 0).astype(float)
    assert np.abs(ours - theirs).mean() < 2.0
    assert np.abs(ours[:, ::-1] - theirs).mean() > 20


@pytest.mark.parametrize("content", [b"", b"no image", encode(noise(), "PNG")[:60], encode(noise(), "JPEG")[:-40]])
def test_unreadable_and_truncated_images(folder: Declaration, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pets" / NAME).write_bytes(content)
    assert f"{NAME}: damaged image" in refusal(folder, tmp_path)


@pytest.mark.parametrize("limit", [10, 5], ids=["too many pixels", "more than twice too many"])
def test_oversized_image(
    folder: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, files: Files, write_folder: Write
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    assert "pets/train/cat/0.png: too large" in refusal(folder, tmp_path)


def test_an_oversized_image_is_refused_while_streaming_too(
    folder: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no `strict_decoding` around it: threads decode while others do other things."""
    if not folder.streamed:
        pytest.skip("read before")
    images = load("pets", folder, tmp_path).images
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DataError, match=r"train/cat/0\.png: too large \(4x4 pixels, at most 10\); scale"):
        images[np.array([0])]


def test_remarks_about_odd_files_stay_off_the_terminal(folder: Declaration, tmp_path: Path) -> None:
    from depthtransfer.data.image_folder import fingerprint

    odd = encode(noise(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0\x1a\x01\x05\0\x01\0\0\0\xff\xff\0\0")
    (tmp_path / "pets" / NAME).write_bytes(odd)
    with pytest.warns(UserWarning, match="Truncated File Read"):
        Image.open(io.BytesIO(odd))
    found = fingerprint(tmp_path / "pets", tmp_path).fingerprint
    assert all_images(folder.model_copy(update={"fingerprint": found}), tmp_path).shape == (6, 3, 4, 4)


def test_one_class(folder: Declaration, tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / "pets" / split / "dog").rename(tmp_path / f"{split}-dogs")
    assert "one class only, cat; the layout is train/<class>/*.jpg" in refusal(folder, tmp_path)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (os.mkfifo, "not a file"),
        (lambda path: path.symlink_to("absent.png"), "cannot be read (No such file or directory)"),
    ],
    ids=["pipe", "link that leads nowhere"],
)
def test_what_lies_in_the_place_of_an_image(
    folder: Declaration, tmp_path: Path, place: Callable[[Path], object], said: str
) -> None:
    (tmp_path / "pets" / NAME).unlink()
    place(tmp_path / "pets" / NAME)
    assert f"{NAME}: {said}" in refusal(folder, tmp_path)


def test_folders_that_lead_back_to_themselves(folder: Declaration, tmp_path: Path) -> None:
    """Two such links would be followed 2^40 times."""
    for name in ("one", "two"):
        (tmp_path / "pets/train/cat" / name).symlink_to(".")
    assert "leads back to a folder above it; remove the link" in refusal(folder, tmp_path)


def test_a_name_that_is_no_text(folder: Declaration, tmp_path: Path) -> None:
    try:
        (tmp_path / "pets" / NAME).rename(tmp_path / "pets/train/dog" / os.fsdecode(b"\xff.png"))
    except OSError:
        pytest.skip("the file system takes names in UTF-8 only")
    assert "is not a name in UTF-8; rename the file" in refusal(folder, tmp_path)


@pytest.mark.parametrize("closed", ["pets/train", "pets/train/dog", f"pets/{NAME}"])
def test_without_permission(folder: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    """As root may read everything, the system's calls are replaced."""

    def refusing(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **named: Any) -> Any:
            if str(path).endswith(closed):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return original(path, *arguments, **named)

        return call

    monkeypatch.setattr(os, "open", refusing(os.open))
    monkeypatch.setattr(os, "scandir", refusing(os.scandir))
    assert f"{closed}: cannot be read (Permission denied)" in refusal(folder, tmp_path)
