"""Whatever is wrong is said in one line that names the file, the key and what would be right."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.configuration import load_experiment, load_preset
from depthtransfer.errors import ConfigurationError
from depthtransfer.strict import read_yaml
from depthtransfer.sweeps.grid import load_runs

Write = Callable[..., Path]


def refused(action: Callable[[], object], *said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.remedy
    for part in said:
        assert part in message, message


def grid(content: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = content["experiments"]["cnn_learning_rate"][0]
    return first


def test_the_preset_that_these_tests_change_is_right(config: Path, write_preset: Write) -> None:
    write_preset(lambda preset: None)
    assert len(load_runs("mine", "cnn_learning_rate", config).requests) == 2


WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], tuple[str, ...]]] = {
    "unknown key": (lambda p: p.update(devcie="cpu"), ("unknown key devcie", "write 'device'")),
    "unknown key in a grid": (
        lambda p: grid(p).update(widhts=grid(p).pop("widths")),
        ("unknown key experiments.cnn_learning_rate.0.widhts", "write 'widths'"),
    ),
    "wrong type": (lambda p: grid(p).update(widths="wide"), ("cnn_learning_rate.0.widths", "found 'wide'")),
    "title missing": (lambda p: p.pop("title"), ("title", "required")),
    "unknown device": (lambda p: p.update(device="tpu"), ("device", "'cpu'", "found 'tpu'")),
    "negative learning rate": (lambda p: grid(p).update(values={"learning_rate": [-1]}), ("learning_rate", "-1")),
    "repeated learning rate": (
        lambda p: grid(p).update(values={"learning_rate": [0.1, 0.1]}),
        ("values.learning_rate", "0.1 repeated", "once"),
    ),
    "no learning rate": (lambda p: grid(p).update(values={"momentum": [0.1]}), ("values.learning_rate is missing",)),
    "unknown hyperparameter": (
        lambda p: grid(p).update(values={"learning_rate": [0.1], "lr": [0.1]}),
        ("values.lr", "known: learning_rate"),
    ),
    "repeated seeds": (lambda p: grid(p).update(seeds=[1, 2, 1]), ("seeds", "1 repeated")),
    "epochs and steps": (lambda p: grid(p).update(epochs=1, steps=3), ("either epochs or steps",)),
    "unknown experiment": (
        lambda p: p["experiments"].update(cnn_learning_rat=p["experiments"].pop("cnn_learning_rate")),
        ("experiments.cnn_learning_rat", "did you mean 'cnn_learning_rate'"),
    ),
    "grids that are no list": (
        lambda p: p["experiments"].update(cnn_learning_rate=grid(p)),
        ("experiments.cnn_learning_rate", "list of grids"),
    ),
    "experiments that are no mapping": (lambda p: p.update(experiments=[1]), ("defaults and experiments",)),
    "unknown provenance mark": (
        lambda p: p.update(sources={"cnn_learning_rate": {"widths": "hearsay"}}),
        ("sources.cnn_learning_rate.widths", "hearsay"),
    ),
    "provenance mark missing": (
        lambda p: p.update(provenance_required=True, sources={"cnn_learning_rate": {"widths": "ours"}}),
        ("sources.cnn_learning_rate", "no provenance mark for", "batch_size", "seeds"),
    ),
    "extends itself": (lambda p: p.update(extends="mine"), ("extends", "'mine'", "circle")),
    "extends nothing known": (lambda p: p.update(extends="smok"), ("preset 'smok' is unknown", "mean 'smoke'")),
    "extends what is no name": (lambda p: p.update(extends=["smoke"]), ("extends", "name another preset")),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_presets(config: Path, write_preset: Write, wrong: str) -> None:
    change, said = WRONG[wrong]
    write_preset(change)
    refused(lambda: load_preset("mine", config), "presets/mine.yaml" if "extends" not in wrong else "presets/", *said)


DOES_NOT_FIT: dict[str, tuple[Callable[[dict[str, Any]], Any], tuple[str, ...]]] = {
    "depth not divisible": (lambda p: grid(p).update(depths=[3, 4]), ("4", "3")),
    "window too long": (lambda p: grid(p).update(window=4), (".window", "3 steps", "at most 3")),
    "warm-up too long": (lambda p: grid(p).update(warmup=3), (".warmup", "3 steps")),
    "batch too large": (lambda p: grid(p).update(batch_size=2000), (".batch_size", "2000", "1438")),
    "unknown data set": (lambda p: grid(p).update(dataset="cifar11"), (".dataset", "'cifar11'", "cifar10")),
    "scheme not in the experiment": (lambda p: grid(p).update(schemes=["sp"]), (".schemes", "sp", "mup_sqrt_depth")),
    "epochs of less than a step": (
        lambda p: (p["defaults"].pop("steps"), grid(p).update(epochs=0.001)),
        (".epochs", "0.001"),
    ),
    "momentum of one": (
        lambda p: grid(p).update(values={"learning_rate": [0.1], "momentum": [1]}),
        ("momentum", "[0, 1)"),
    ),
    "alpha above one": (lambda p: grid(p).update(values={"learning_rate": [0.1], "alpha": [2]}), ("alpha",)),
}


@pytest.mark.parametrize("wrong", DOES_NOT_FIT)
def test_presets_that_do_not_fit_experiment_or_data(config: Path, write_preset: Write, wrong: str) -> None:
    change, said = DOES_NOT_FIT[wrong]
    write_preset(change)
    where = "presets/mine.yaml: experiments.cnn_learning_rate[0]"
    refused(lambda: load_runs("mine", "cnn_learning_rate", config), where, *said)


WRONG_TEXTS: dict[str, str | bytes] = {
    "empty": "",
    "a list": "- 1",
    "duplicate key": "title: a\nexperiments: {a: 1, a: 2}",
    "alias": "title: &a x\ndevice: *a",
    "key that is no text": "1: 2",
    "merge key": "<<: {title: a}",
    "broken syntax": "title: [",
    "custom tag": "title: !mine x",
    "two documents": "title: a\n---\ntitle: b",
    "date that does not exist": "title: 2020-99-99",
    "character that does not exist": 'title: "\\UFFFFFFFF"',
    "endless integer": "title: " + "9" * 5000,
    "not in UTF-8": "title: Größe".encode("latin-1"),
    "two megabytes": b"# " + b"x" * 2_000_000,
}


@pytest.mark.parametrize("wrong", WRONG_TEXTS)
def test_wrong_texts(config: Path, write_preset: Write, wrong: str) -> None:
    write_preset(WRONG_TEXTS[wrong])
    refused(lambda: load_preset("mine", config), "presets/mine.yaml")


def test_python_tags_execute_nothing(config: Path, write_preset: Write, tmp_path: Path) -> None:
    target = tmp_path / "executed"
    write_preset(f"title: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{target}']]")
    refused(lambda: load_preset("mine", config), "presets/mine.yaml")
    assert not target.exists()


@pytest.mark.parametrize("what", ["pipe", "folder", "circle"])
def test_what_lies_in_the_place_of_a_file(config: Path, what: str) -> None:
    path = config / "presets/mine.yaml"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(path.name)
    refused(lambda: load_preset("mine", config), "presets/mine.yaml", "file")


def test_a_circle_of_presets(config: Path, write_preset: Write) -> None:
    write_preset("extends: b", "a")
    write_preset("extends: c", "b")
    write_preset("extends: a", "c")
    for name in "abc":
        refused(lambda name=name: load_preset(name, config), "extends", "circle")  # type: ignore[misc]


@pytest.mark.parametrize("name", ["smok", "", "../presets/smoke", "sm\0ke"])
def test_unknown_names(config: Path, name: str) -> None:
    refused(
        lambda: load_preset(name, config),
        "preset",
        "is unknown",
        "known: desktop, ",
    )
    refused(lambda: load_experiment(name, config), "experiment", "is unknown", "cnn_learning_rate")


def test_no_config_at_all(tmp_path: Path) -> None:
    refused(lambda: load_preset("smoke", tmp_path), "known: none")
    refused(lambda: load_runs("smoke", "cnn_learning_rate", tmp_path), "datasets.yaml")


def test_experiment_that_the_preset_lacks(config: Path, write_preset: Write) -> None:
    write_preset(lambda preset: None)
    refused(
        lambda: load_runs("mine", "cnn_learning_rate_sp", config),
        "presets/mine.yaml: experiments.cnn_learning_rate_sp is missing",
        "cnn_learning_rate",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: a\nmodel: cnn\nschemes: []", ("schemes", "at least 1")),
        ("title: a\nmodel: cnn\nschemes: [{name: mup}, {name: mup}]", ("schemes", "listed twice")),
        ("title: a\nmodel: cnn\nschemes: [{name: mup3}]", ("schemes.0.name", "'mup'", "found 'mup3'")),
        ("title: a\nmodel: cnn\nschemes: [{name: mup, gama0: 1}]", ("unknown key schemes.0.gama0", "'gamma0'")),
        ("title: a\nmodel: cnn\nschemes: [{name: mup, beta: 0}]", ("schemes.0.beta", "greater than 0")),
        ("title: a\nmodel: cnn\nschemes: [{name: mup}]\noptimizer: {momentum: 1}", ("optimizer.momentum",)),
        ("title: a\nmodel: cnn\nschemes: [{name: mup}]\nsweep: depth", ("sweep", "known: learning_rate")),
        ("title: a\nmodel: cnn\nschemes: [{name: mup}]\nschedule: {name: step}", ("schedule.name", "'cosine'")),
    ],
)
def test_wrong_experiments(config: Path, text: str, said: tuple[str, ...]) -> None:
    (config / "experiments/mine.yaml").write_text(text)
    refused(lambda: load_experiment("mine", config), "experiments/mine.yaml", *said)


def test_unknown_model(config: Path, write_preset: Write) -> None:
    (config / "experiments/cnn_learning_rate.yaml").write_text("title: a\nmodel: cmm\nschemes: [{name: mup}]")
    write_preset(lambda preset: None)
    refused(lambda: load_runs("mine", "cnn_learning_rate", config), "experiments.cnn_learning_rate", "'cmm'", "cnn")


def test_adam_with_plain_weight_decay(config: Path, write_preset: Write) -> None:
    (config / "experiments/cnn_learning_rate.yaml").write_text(
        "title: a\nmodel: cnn\nschemes: [{name: mup}]\noptimizer: {name: adam, weight_decay: 0.1}"
    )
    write_preset(lambda preset: None)
    refused(lambda: load_runs("mine", "cnn_learning_rate", config), "adamw")


@pytest.mark.parametrize("text", ["010", "[1, 010]", "1_000", "1:30", "[[-007.5]]"])
def test_numbers_that_yaml_reads_as_others_are_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(f"title: x\nseeds: {text}\n")
    number = text.strip("[]").split(", ")[-1]
    refused(lambda: read_yaml(path), f"it.yaml: seeds: {number} (line 2)", "decimal digits")


def test_numbers_that_mean_what_they_look_like_are_read(tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text("a: [0, -3, 0.5, 1.0e-5, '010', 0x10]\n")
    assert read_yaml(tmp_path / "it.yaml") == {"a": [0, -3, 0.5, 1e-5, "010", 16]}


def test_a_list_is_called_a_list(config: Path, write_preset: Write) -> None:
    write_preset(lambda preset: grid(preset).update(seeds=3))
    refused(lambda: load_preset("mine", config), "seeds: Input should be a list", "found 3")
