import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from depthtransfer.data import containers
from depthtransfer.data.containers import open_container
from depthtransfer.errors import DataError

Files = dict[str, bytes]
Write = Callable[[Path, Files], Path]


def is_wanted(path: str) -> bool:
    return path.endswith(".png")


def open_message(path: Path) -> str:
    with pytest.raises(DataError) as caught, open_container(path, "fetch it"):
        pass
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("container", ["folder", "zip"])
def test_listing_and_content(tmp_path: Path, write_folder: Write, write_zip: Write, container: str) -> None:
    write = write_zip if container == "zip" else write_folder
    path = write(tmp_path / "it", {"train/cat/a.png": b"a", "train/cat/deep/b.png": b"b", "trainer/cat/c.png": b"c"})
    with open_container(path, "") as opened:
        assert opened.top_level() == ["train", "trainer"]
        files = [(name, {file.path: file.size for file in found}) for name, found in opened.groups("train", is_wanted)]
        assert files == [("cat", {"cat/a.png": 1, "cat/deep/b.png": 1})]
        assert list(opened.groups("absent", is_wanted)) == []
        assert opened.read("train/cat/deep/b.png") == b"b"


@pytest.mark.parametrize("name", ["/etc/a.png", "train/../../a.png", "C:/a.png", "train\\..\\..\\a.png", "\\a.png"])
def test_names_that_point_outside_are_refused(tmp_path: Path, write_zip: Write, name: str) -> None:
    assert "make the zip anew" in open_message(write_zip(tmp_path / "it.zip", {name: b""}))


def test_symbolic_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "it.zip"
    link = zipfile.ZipInfo("train/cat/a.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "symbolic link" in open_message(path)


def test_name_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "it.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.png", "2")
    assert "occurs twice" in open_message(path)


@pytest.mark.parametrize("limit", ["MAX_FILE_BYTES", "MAX_TOTAL_BYTES"])
def test_sizes_are_limited(tmp_path: Path, write_zip: Write, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(containers, limit, 1000)
    assert "1001" in open_message(write_zip(tmp_path / "it.zip", {"a.png": bytes(1001)}))


def test_large_file_of_a_folder_is_refused(
    tmp_path: Path, write_folder: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "MAX_FILE_BYTES", 1000)
    path = write_folder(tmp_path / "it", {"a.png": bytes(1001)})
    with open_container(path, "") as opened, pytest.raises(DataError, match=r"a\.png: 1001 bytes"):
        opened.read("a.png")


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_truncated_zip(tmp_path: Path, write_zip: Write, part: float) -> None:
    path = write_zip(tmp_path / "it.zip", {f"{i}.png": bytes(range(256)) for i in range(20)})
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    assert open_message(path).endswith("fetch it")


def test_damaged_member_is_named(tmp_path: Path) -> None:
    path = tmp_path / "it.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"0123456789")
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123406789"))
    with (
        open_container(path, "fetch it") as opened,
        pytest.raises(DataError, match=r"a\.png cannot be read.*fetch"),
    ):
        opened.read("a.png")


@pytest.mark.parametrize("place", [os.mkfifo, lambda path: path.symlink_to(path.name), lambda path: path.touch()])
def test_what_lies_in_the_place_of_a_zip_is_not_waited_for(tmp_path: Path, place: Callable[[Path], object]) -> None:
    place(tmp_path / "it.zip")
    open_message(tmp_path / "it.zip")


def test_nothing_there(tmp_path: Path) -> None:
    assert open_message(tmp_path / "it.zip").endswith("it.zip: not found; fetch it")
