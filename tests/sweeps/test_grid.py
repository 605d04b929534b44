from copy import deepcopy
from typing import Any

import pytest
import yaml

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.registry import cost
from depthtransfer.models.shapes import ImageShape
from depthtransfer.sweeps.grid import ExperimentRuns, load_runs

EXPERIMENT = "cnn_learning_rate_sp"


@pytest.fixture
def expand(tiny_project: Any) -> Any:
    """Expands the tiny preset with some of its grid's values replaced."""

    def expanded(**grid: Any) -> ExperimentRuns:
        tiny_project.write_preset(**grid)
        return load_runs("tiny", EXPERIMENT)

    return expanded


def keys(sweep: ExperimentRuns) -> set[str]:
    return {request.spec.key for request in sweep.requests}


def rates(*values: float) -> dict[str, list[float]]:
    return {"learning_rate": list(values)}


def test_the_product_of_a_grid(expand: Any) -> None:
    sweep = expand(widths=[4, 8], depths=[3, 6, 9], seeds=[0, 1], values=rates(0.1, 0.2) | {"momentum": [0.0, 0.5]})
    assert len(sweep.requests) == len(keys(sweep)) == 2 * 3 * 2 * 2 * 2
    assert sweep.declarations.keys() == {"digits"}
    assert (sweep.preset, sweep.experiment, sweep.swept) == ("tiny", EXPERIMENT, "learning_rate")


def test_a_run_that_two_grids_ask_for_is_there_once(tiny_project: Any) -> None:
    path = tiny_project.folder / "config/presets/tiny.yaml"
    content = yaml.safe_load(path.read_text())
    (grid,) = content["experiments"][EXPERIMENT]
    content["experiments"][EXPERIMENT].append(deepcopy(grid) | {"values": rates(0.25, 0.5)})
    path.write_text(yaml.safe_dump(content))
    found = [request.spec.learning_rate for request in load_runs("tiny", EXPERIMENT).requests]
    assert found == [0.125, 0.25, 1e8, 0.5]


def test_one_more_learning_rate_adds_its_runs_and_changes_no_other(expand: Any) -> None:
    before = expand(seeds=[0, 1], depths=[3, 6])
    after = expand(seeds=[0, 1], depths=[3, 6], values=rates(0.5, 0.25, 0.125, 1e8))
    assert keys(before) < keys(after)
    added = [request for request in after.requests if request.spec.key in keys(after) - keys(before)]
    assert len(added) == 4
    assert {request.spec.learning_rate for request in added} == {0.5}


def test_what_does_not_change_a_run_changes_no_key(expand: Any, tiny_project: Any) -> None:
    before = keys(expand())
    assert keys(expand(window=1)) == before
    path = tiny_project.folder / "config/datasets.yaml"
    path.write_text(path.read_text().replace("\ndigits:", "\nnumerals:"))
    assert keys(expand(dataset="numerals")) == before
    tiny_project.write_preset("other")
    tiny_project.write_preset()
    path.write_text(path.read_text().replace("\nnumerals:", "\ndigits:"))
    assert keys(load_runs("other", EXPERIMENT)) == before


def test_epochs_and_steps_of_the_same_length_are_the_same_run(expand: Any) -> None:
    per_epoch = 1438 // 16
    assert keys(expand(steps=2 * per_epoch)) == keys(expand(steps=None, epochs=2))


@pytest.mark.parametrize(
    "change",
    [
        {"widths": [8]},
        {"depths": [6]},
        {"seeds": [1]},
        {"steps": 4},
        {"batch_size": 8},
        {"warmup": 1},
        {"precision": "bf16"},
        {"augmentation": {"flip": True}},
        {"augmentation": {"crop_padding": 1}},
        {"augmentation": {"rotation_degrees": 1}},
        {"values": {"learning_rate": [0.125, 0.25, 1e8], "momentum": [0.9]}},
        {"values": {"learning_rate": [0.125, 0.25, 1e8], "weight_decay": [0.1]}},
    ],
    ids=str,
)
def test_what_changes_a_run_changes_every_key(expand: Any, change: dict[str, Any]) -> None:
    assert not keys(expand()) & keys(expand(**change))


def test_other_data_are_other_runs(expand: Any, tiny_project: Any) -> None:
    before = keys(expand())
    path = tiny_project.folder / "config/datasets.yaml"
    path.write_text(path.read_text().replace("sha256:756bc2", "sha256:000000"))
    assert not before & keys(expand())


def test_a_request_knows_its_length_and_cost(expand: Any) -> None:
    (request, *_) = expand(steps=44, window=7).requests
    expected = cost("cnn", width=4, depth=3, shape=ImageShape(1, 8), classes=10)
    assert request.epochs == 44 / (1438 // 16)
    assert request.window == 7
    assert request.parameters == expected.parameters
    assert request.flops == expected.step_flops * 16 * 44


def test_order_is_the_same_every_time(expand: Any) -> None:
    assert expand(seeds=[2, 0, 1]).requests == expand(seeds=[2, 0, 1]).requests


def test_a_scheme_that_the_experiment_lacks_is_named(expand: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"schemes: mup2 not in the experiment.*choose among sp"):
        expand(schemes=["mup2"])


def test_options_reach_the_run_complete_and_wrong_ones_are_refused(expand: Any) -> None:
    assert {tuple(request.spec.options) for request in expand().requests} == {()}
    with pytest.raises(ConfigurationError, match=r"experiments.*options of the cnn.*patch_size"):
        expand(options={"patch_size": 4})


def test_probes_after_the_end_are_refused(expand: Any) -> None:
    assert expand(probes={"steps": [0, 3], "images": 2}).requests[0].spec.probe_steps == (0, 3)
    with pytest.raises(ConfigurationError, match=r"probes\.steps: 4 lies after the 3 steps"):
        expand(probes={"steps": [0, 4], "images": 2})
    with pytest.raises(ConfigurationError, match=r"probes\.streams: streams of the cnn change their shape"):
        expand(probes={"steps": [0, 3], "images": 2, "streams": True})


def test_variants_of_a_scheme_are_selected_by_label_or_all_by_name(expand: Any, tiny_project: Any) -> None:
    path = tiny_project.folder / f"config/experiments/{EXPERIMENT}.yaml"
    content = yaml.safe_load(path.read_text())
    content["schemes"] = [
        {"name": "mup_alpha", "label": "half"},
        {"name": "mup_alpha", "label": "one", "alpha": 1.0},
        {"name": "mup_alpha", "label": "zero", "zero_init": True},
    ]
    path.write_text(yaml.safe_dump(content))
    everything = expand(schemes=["mup_alpha"], values=rates(0.1)).requests
    assert [request.variant for request in everything] == ["half", "one", "zero"]
    assert len({request.spec.key for request in everything}) == 3
    (one,) = expand(schemes=["one"], values=rates(0.1)).requests
    assert one.spec.constants.alpha == 1.0
    content["schemes"][1]["label"] = "half"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError, match="half listed twice"):
        expand()


@pytest.mark.parametrize(
    ("schemes", "optimizer", "values", "said"),
    [
        (["mup"], "sgd", {"alpha": [0.5]}, "values.alpha: no run of mup with sgd depends on it"),
        (["sp"], "sgd", {"beta": [1.0, 2.0]}, "values.beta: no run of sp with sgd depends on it"),
        (["mup"], "adam", {"momentum": [0.5, 0.9]}, "values.momentum: no run of mup with adam depends on it"),
        (["mup", "mup_alpha"], "sgd", {"alpha": [0.5, 1.0]}, "4 runs are only 3 different ones"),
    ],
)
def test_values_on_which_no_run_depends_are_refused(
    expand: Any, tiny_project: Any, schemes: list[str], optimizer: str, values: dict[str, list[float]], said: str
) -> None:
    path = tiny_project.folder / f"config/experiments/{EXPERIMENT}.yaml"
    content = yaml.safe_load(path.read_text()) | {"optimizer": {"name": optimizer}}
    path.write_text(yaml.safe_dump(content | {"schemes": [{"name": name} for name in schemes]}))
    with pytest.raises(ConfigurationError) as caught:
        expand(values=rates(0.1) | values)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hyperparameter_that_is_swept_has_values(expand: Any, tiny_project: Any) -> None:
    path = tiny_project.folder / f"config/experiments/{EXPERIMENT}.yaml"
    path.write_text(path.read_text().replace("sweep: learning_rate", "sweep: momentum"))
    with pytest.raises(ConfigurationError, match=r"values: momentum is missing"):
        expand()


def test_a_swept_batch_size_sees_the_same_images(expand: Any, tiny_project: Any) -> None:
    """Steps, window and warm-up of each run follow its batch, so that all pass over the images equally often."""
    batches = rates(0.1) | {"batch_size": [16, 32, 64]}
    sweep = expand(values=batches, batch_size=32, epochs=2, steps=None, window=8, warmup=4)
    per_epoch = {batch: 1438 // batch for batch in (16, 32, 64)}
    found = {request.spec.batch_size: request for request in sweep.requests}
    assert found.keys() == per_epoch.keys()
    for batch, request in found.items():
        assert request.spec.steps == 2 * per_epoch[batch]
        assert request.epochs == pytest.approx(2)
        assert (request.window * batch, request.spec.warmup * batch) == (8 * 32, 4 * 32)
        assert request.flops / request.spec.steps / batch == pytest.approx(found[32].flops / found[32].spec.steps / 32)
    fixed = expand(values=batches, steps=30, window=5)
    assert {request.spec.steps for request in fixed.requests} == {30}


@pytest.mark.parametrize("batch", [7.5, 1439])
def test_batch_sizes_that_are_none_are_refused(expand: Any, batch: float) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"values.batch_size: {batch:g} is no number of the 1438 training images"
    ):
        expand(values=rates(0.1) | {"batch_size": [batch]})


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ({"augmentation": {"flip": True}}, "augmentation: coriolanus is a text"),
        ({}, "cnn reads images and is shown text"),
    ],
)
def test_a_text_is_neither_flipped_nor_shown_to_a_cnn(expand: Any, grid: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        expand(dataset="coriolanus", **grid)
