"""Texts: their windows and vocabulary, declared and read, and whatever is wrong with one in a line."""

from pathlib import Path

import numpy as np
import pytest

from depthtransfer.cli.main import main
from depthtransfer.data import Declaration, load, load_declarations
from depthtransfer.data.text import UNSEEN, declare, location
from depthtransfer.errors import DataError

TEXT = "the cat sat on the mat; " * 5 + "zz"


def written(tmp_path: Path, text: str | bytes = TEXT) -> Path:
    path = tmp_path / "cats.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def cats(tmp_path: Path) -> Declaration:
    return declare(written(tmp_path), tmp_path, context=8, held_out=0.2)


def test_windows_lie_one_behind_the_other_and_are_followed_by_their_next_characters(
    cats: Declaration, tmp_path: Path
) -> None:
    train, test = (load("cats", cats, tmp_path, split=split) for split in ("train", "test"))
    cut = round(0.8 * len(TEXT))
    for data, part in ((train, TEXT[:cut]), (test, TEXT[cut:])):
        count = (len(part) - 1) // 8
        assert (data.images.shape, data.images[:].dtype) == ((count, 8), np.uint8)
        read = ["".join(data.classes[place] for place in window) for window in data.images[:]]
        assert "".join(read) == part[: 8 * count].replace("z", UNSEEN)
        following = "".join(data.classes[place] for place in data.labels.flatten())
        assert following == part[1 : 8 * count + 1].replace("z", UNSEEN)


def test_vocabulary_is_that_of_the_training_part_in_order(cats: Declaration, tmp_path: Path) -> None:
    classes = load("cats", cats, tmp_path).classes
    assert classes == (*sorted(set(TEXT) - {"z"}), UNSEEN)
    assert declare(written(tmp_path, TEXT[:-2]), tmp_path, 8).classes == len(classes) - 1


def test_identity_tells_context_and_share(cats: Declaration) -> None:
    changes = [{}, {"context": 4}, {"held_out": 0.1}, {"fingerprint": f"sha256:{'0' * 64}"}]
    assert len({cats.model_copy(update=change).identity for change in changes}) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"abc\xff" * 40, r"cats\.txt: the byte at offset 3 \(0xff\) is not UTF-8"),
        ("short", "the train part has 4 characters, too few for a context of 8"),
        ("ab" * 40, "the test part has 8 characters, too few for a context of 8"),
        ("".join(map(chr, range(256, 600))) * 3, "344 different characters, more than the 256"),
        (b"", "the train part has 0 characters"),
    ],
)
def test_what_is_wrong_with_a_text_is_said_in_a_line(tmp_path: Path, text: str | bytes, expected: str) -> None:
    with pytest.raises(DataError, match=expected) as caught:
        declare(written(tmp_path, text), tmp_path, context=8)
    assert "\n" not in str(caught.value)


def test_a_text_that_is_missing_or_another_one_is_refused(cats: Declaration, tmp_path: Path) -> None:
    written(tmp_path, TEXT + "more")
    with pytest.raises(DataError, match="instead of the declared"):
        load("cats", cats, tmp_path)
    (tmp_path / "cats.txt").unlink()
    with pytest.raises(DataError, match=r"cats\.txt: not found"):
        load("cats", cats, tmp_path)


def test_sizes_that_are_declared_wrong_are_named(cats: Declaration, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train_images \d+ instead of 3"):
        load("cats", cats.model_copy(update={"train_images": 3}), tmp_path)


def test_the_bundled_text_is_small_and_as_declared(tmp_path: Path) -> None:
    declaration = load_declarations(Path(__file__).parents[2] / "config" / "datasets.yaml")["coriolanus"]
    assert load("coriolanus", declaration, tmp_path).images.shape == (declaration.train_images, declaration.context)
    assert location(declaration, tmp_path).stat().st_size <= 200_000
    assert not list(tmp_path.iterdir())


def test_the_command_declares_a_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path)
    assert main(["data", "declare", "cats", str(path), "--context", "8"]) == 0
    entry = tmp_path / "datasets.yaml"
    entry.write_text(capsys.readouterr().out)
    assert load("cats", load_declarations(entry)["cats"], tmp_path).labels.shape[1] == 8
