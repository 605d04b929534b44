"""The presets and experiments that come with the project say what they are documented to say."""

import functools
from pathlib import Path

import pytest

from depthtransfer.configuration import load_experiment, load_preset, names
from depthtransfer.strict import read_yaml
from depthtransfer.sweeps.grid import ExperimentRuns, load_runs
from depthtransfer.targets import figures_of

CONFIG = Path(__file__).parents[2] / "config"
PRESETS = names(CONFIG / "presets")
EXPERIMENTS = names(CONFIG / "experiments")
PARTIAL = {"full"}
"""Presets that ask a few of the questions only."""


@functools.cache
def sweep(preset: str, experiment: str = "cnn_learning_rate") -> ExperimentRuns:
    return load_runs(preset, experiment, CONFIG)


def test_what_is_shipped() -> None:
    assert {"smoke", "desktop", "reference", "paper"} <= set(PRESETS)
    assert {"cnn_learning_rate", "cnn_learning_rate_sp"} <= set(EXPERIMENTS)


@pytest.mark.parametrize(
    "preset", [pytest.param(name, marks=pytest.mark.slow if name.startswith("paper_") else ()) for name in PRESETS]
)
def test_every_preset_expands(preset: str) -> None:
    content = load_preset(preset, CONFIG)
    assert content.title == preset
    for experiment in content.experiments:
        requests = sweep(preset, experiment).requests
        assert requests
        assert len({request.spec.key for request in requests}) == len(requests)
        assert all(request.flops > 0 and request.parameters > 0 for request in requests)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_is_asked_for_and_marked(experiment: str) -> None:
    science = load_experiment(experiment, CONFIG)
    assert {"model", "schemes", "optimizer", "schedule"} <= science.sources.keys()
    assert any(experiment in load_preset(name, CONFIG).experiments for name in PRESETS)


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - PARTIAL))
def test_a_whole_preset_draws_every_figure_of_paper_a(preset: str) -> None:
    """A preset, an experiment or a figure of one's own may have less or more."""
    wanted = {"fig1", "fig2", "fig3", "fig4", "fig5", "fig6", "fig7", "figB1", "figB3", "figM1"}
    assert wanted <= set(figures_of(preset))


def test_reference_is_desktop_in_everything_but_data_and_device() -> None:
    desktop, reference = (load_preset(name, CONFIG).model_dump() for name in ("desktop", "reference"))
    for preset in (desktop, reference):
        del preset["title"], preset["device"]
        for grids in preset["experiments"].values():
            for grid in grids:
                grid["dataset"] = "any"
    assert desktop == reference
    assert {request.spec.dataset for request in sweep("reference").requests} == {"cifar10_jpeg"}
    assert {request.spec.dataset for request in sweep("desktop").requests} == {"cifar10"}
    assert load_preset("reference", CONFIG).device == "cpu"


def test_only_scale_is_written_in_reference() -> None:
    assert read_yaml(CONFIG / "presets/reference.yaml").keys() <= {"extends", "title", "device", "defaults"}


def test_smoke_needs_no_download_and_goes_to_depth_48() -> None:
    requests = sweep("smoke").requests
    assert {request.spec.dataset for request in requests} == {"digits"}
    assert {request.spec.depth for request in requests if request.spec.width == 8} == {3, 12, 48}
    assert {request.spec.width for request in requests} == {8, 16}
    assert {request.epochs for request in requests} == {3.0}


def test_desktop_sizes() -> None:
    requests = sweep("desktop").requests
    assert {request.spec.depth for request in requests} == {3, 6, 12, 30}
    assert {request.spec.width for request in requests} == {16, 32}
    assert {request.spec.steps for request in requests} == {600}


def test_paper_sizes_and_marks() -> None:
    preset = load_preset("paper", CONFIG)
    assert preset.provenance_required
    requests = sweep("paper").requests
    assert {request.spec.width for request in requests} == {32, 64, 128, 256}
    assert {request.spec.depth for request in requests} == {3, 6, 12, 30}
    assert {request.spec.dataset for request in requests} == {"cifar10"}
    assert {request.epochs for request in requests} == {20.0}
    assert {request.spec.batch_size for request in requests} == {64}
    for experiment, grids in preset.experiments.items():
        for grid in grids:
            assert grid.model_fields_set - {"schemes"} <= preset.sources[experiment].keys()


@pytest.mark.parametrize("preset", PRESETS)
def test_figures_compare_schemes_at_the_same_sizes(preset: str) -> None:
    sizes = {}
    for request in sweep(preset).requests:
        spec = request.spec
        sizes.setdefault(spec.scheme, set()).add((spec.width, spec.depth, spec.seed, spec.steps))
    assert sizes["mup"] == sizes["mup_sqrt_depth"]


def test_defaults_give_way_to_a_grids_own_values(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "presets").mkdir()
    (tmp_path / "experiments/e.yaml").write_text("title: e\nmodel: cnn\nschemes: [{name: mup}]")
    (tmp_path / "presets/base.yaml").write_text(
        "title: base\n"
        "defaults: {dataset: digits, batch_size: 8, window: 1, widths: [4], depths: [3], seeds: [0], steps: 7}\n"
        "experiments: {e: [{values: {learning_rate: [1]}}, {values: {learning_rate: [1]}, epochs: 2, widths: [8]}]}\n"
    )
    (tmp_path / "presets/derived.yaml").write_text("extends: base\ntitle: derived\ndefaults: {batch_size: 16}")
    first, second = load_preset("base", tmp_path).experiments["e"]
    assert (first.steps, first.epochs, first.widths) == (7, None, (4,))
    assert (second.steps, second.epochs, second.widths) == (None, 2.0, (8,))
    derived = load_preset("derived", tmp_path)
    assert (derived.title, {grid.batch_size for grid in derived.experiments["e"]}) == ("derived", {16})
