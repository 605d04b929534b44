"""Names become folders, targets and words of commands: whatever could mean more than itself is refused."""

from pathlib import Path

import pytest

from depthtransfer.configuration import figure_path, load_preset, names, results_folder, study_path, table_folder
from depthtransfer.configuration.machines import read_distribution
from depthtransfer.errors import ConfigurationError

HOSTILE = [
    *("a;b", "$(touch x)", "`touch x`", "a b", "a'b", 'a"b', "a\nb", "a|b", "a&b", "a>b", "{a}", "*", "-n", "--config"),
    *("..", ".", "", "../x", "a/b", "/etc", "~", "a\\b", "%s", "é", "a\0b", "\u202ea", "a" * 101, "a.b", "_a"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_path_is_made_of_a_hostile_name(name: str) -> None:
    for path in (
        lambda: results_folder(name),
        lambda: table_folder("smoke", name),
        lambda: study_path("smoke", name),
        lambda: figure_path("fig1", name),
        lambda: figure_path(name, "smoke"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            path()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if "/" not in name and "\0" not in name and name not in "..~"]
)
@pytest.mark.parametrize("folder", ["presets", "experiments", "theory"])
def test_a_file_with_a_hostile_name_is_refused(tmp_path: Path, folder: str, name: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / f"{name}.yaml").touch()
    with pytest.raises(ConfigurationError, match="rename the file") as caught:
        names(tmp_path / folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["store", "committed", "solutions", "committed-solutions", "imported", "logs"])
def test_a_preset_cannot_take_the_place_of_something_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / f"{name}.yaml").touch()
    with pytest.raises(ConfigurationError, match="something else"):
        load_preset("smoke", tmp_path)
    with pytest.raises(ConfigurationError, match="something else"):
        results_folder(name)


def test_everything_in_results_that_is_no_preset_is_taken() -> None:
    from depthtransfer.store import store

    for folder in (store.LOCAL, store.COMMITTED, store.SOLUTIONS, store.COMMITTED_SOLUTIONS, store.IMPORTED):
        assert folder.parent == Path("results")
        with pytest.raises(ConfigurationError, match="something else"):
            results_folder(folder.name)


def test_what_an_editor_leaves_behind_is_no_name(tmp_path: Path) -> None:
    (tmp_path / "presets").mkdir()
    for name in (".#smoke.yaml", ".hidden.yaml", "smoke.yaml~", "smoke.yaml"):
        (tmp_path / "presets" / name).touch()
    assert names(tmp_path / "presets") == ("smoke",)


@pytest.mark.parametrize("setting", ["machine", "gpu_model"])
@pytest.mark.parametrize("word", ["a;b", "$(touch x)", "a b", "a\nb", "a\n", "--x", "", "a'b"])
def test_words_that_reach_a_command_are_checked(setting: str, word: str) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        read_distribution({setting: word})
    assert getattr(read_distribution({setting: "A100-80gb.x"}), setting) == "A100-80gb.x"


@pytest.mark.parametrize("name", ["smoke", "paper_40", "my-images-2", "A", "0", "a" * 100])
def test_ordinary_names_are_names(name: str) -> None:
    assert results_folder(name).name == name
