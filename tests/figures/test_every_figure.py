"""Every figure of trained networks, drawn from the smoke preset's own tables filled with invented losses."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from depthtransfer import figures
from depthtransfer.cli.figure import tables_of
from depthtransfer.configuration import names, table_folder
from depthtransfer.figures import FigureError, style
from depthtransfer.store.records import Record
from depthtransfer.sweeps.collect import write_tables
from depthtransfer.sweeps.grid import Request, load_runs

CONFIG = Path(__file__).parents[2] / "config"
TRAINED = [name for name in figures.names() if figures.load(name).EXPERIMENTS]
PANELS = {"fig1": 3, "fig2": 3, "fig3": 8, "fig4": 6, "fig5": 2, "figB1": 2, "figB3": 3, "figM1": 9}
OUTPUTS = 10


def invented(request: Request, swept: str) -> Record:
    """Best at a learning rate of 1/4, or in the middle of what else is swept; the largest values diverge."""
    spec = request.spec
    value = {"momentum": 1 / (1 - spec.momentum), "gamma0": spec.constants.gamma0, "weight_decay": spec.weight_decay}
    centre = {"momentum": 4.0, "gamma0": 1.0, "weight_decay": 2.0**-8}
    away = math.log2(value[swept] / centre[swept]) if swept in value else math.log2(spec.learning_rate / 0.25)
    step = np.arange(spec.steps)
    diverged = away > 1.5
    final = 0.3 + 0.1 * away**2 + 0.3 / spec.depth
    loss = final + (2.3 - final) * np.exp(-step / (0.2 * spec.steps)) + 0.01 * spec.seed
    shown = loss[: spec.steps // 2] if diverged else loss
    generator = np.random.default_rng(spec.seed + 100 * spec.width)
    logits = np.linspace(-1, 1, len(spec.probe_steps) * spec.probe_images * OUTPUTS) * (1 + 1 / spec.depth)
    return Record(
        specification=spec.canonical(),
        summary={
            "status": "diverged" if diverged else "ok",
            "diverged_step": len(shown) - 1 if diverged else None,
            "device": "cpu",
            **({"probe_steps": list(spec.probe_steps)} if spec.probe_steps else {}),
        },
        provenance={"seconds": 0.1, "finished": "now", "commit": "unknown", "machine": "m", "versions": {}},
        series={"loss": shown, "accuracy": shown / 10, "learning_rate_factor": np.ones(len(shown))},
        logits=list(logits + generator.standard_normal(len(logits)) / math.sqrt(spec.width)),
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with configuration and the tables of all experiments."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "config").symlink_to(CONFIG)
    for experiment in names(CONFIG / "experiments"):
        sweep = load_runs("smoke", experiment, CONFIG)
        records = {request.spec.key: (invented(request, sweep.swept), "local") for request in sweep.requests}
        write_tables(sweep, records, folder / table_folder("smoke", experiment))
    return folder


def drawn(name: str) -> tuple[Any, pd.DataFrame]:
    module = figures.load(name)
    tables = {experiment: tables_of("smoke", experiment) for experiment in module.EXPERIMENTS}
    return module.draw(tables, resamples=20)


@pytest.mark.parametrize("name", TRAINED)
def test_everything_lies_inside_the_figure_and_is_labelled(
    name: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    figure, table = drawn(name)
    with style.context():
        figure.draw_without_rendering()
        written = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        extents = {text.get_text(): text.get_window_extent() for text in written}
    assert all(box.x0 >= 0 and box.y0 >= 0 for box in extents.values()), extents
    out = [text for text, box in extents.items() if box.x1 > figure.bbox.x1 or box.y1 > figure.bbox.y1]
    assert not out, "cut off"
    panels = [axes for axes in figure.axes if axes.get_xlabel()]
    assert len(panels) == PANELS[name]
    assert panels[0].get_ylabel()
    caption = " ".join(text for text in extents if "Preset smoke" in text)
    module = figures.load(name)
    runs = sum(len(tables_of("smoke", experiment).runs) for experiment in module.EXPERIMENTS)
    for fact in ("digits", "batch 64", "epochs", "seeds a point", "runs"):
        assert fact in caption.replace("\n", " "), fact
    assert name in ("fig4", "figB3") or f"{runs} runs" in caption.replace("\n", " ")
    assert len(table)


def test_the_optimum_is_where_it_was_put(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    for name, centre in (("fig2", -2.0), ("figM1", -2.0), ("figB3", -2.0)):
        _, table = drawn(name)
        optima = table[(table["kind"] == "optimum") & (table["edge"] == "none")]
        assert len(optima) > 3
        assert optima["log2_optimum"].to_numpy() == pytest.approx(centre, abs=0.75), name
    _, table = drawn("fig4")
    momentum = table[(table["kind"] == "optimum") & (table["hyperparameter"] == "momentum")]
    assert momentum["log2_optimum"].to_numpy() == pytest.approx(2.0, abs=0.75)
    assert set(table["kind"]) == {"curve", "optimum", "course"}


def test_the_cost_of_tuning_is_in_the_table_of_figure_b3(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    _, table = drawn("figB3")
    (cost,) = table[table["kind"] == "cost"].to_dict("records")
    assert cost["early_ratio"] == pytest.approx(3 * cost["ratio"])
    assert cost["ratio"] == pytest.approx(16, rel=0.1), "a network of 32 branches for one of 2"


def test_the_dynamics_need_probes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(FigureError, match="set probes in the preset"):
        figures.load("fig5").draw({"cnn_dynamics": tables_of("smoke", "cnn_momentum")})
