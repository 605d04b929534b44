"""Tables of all experiments of the preset smoke, as its own plan asks for them, filled with invented losses."""

import math
from pathlib import Path

import numpy as np

from depthtransfer.analysis import statistics
from depthtransfer.configuration import load_preset, table_folder
from depthtransfer.store.records import Record
from depthtransfer.sweeps.collect import write_tables
from depthtransfer.sweeps.grid import Request, load_runs
from depthtransfer.sweeps.spec import RunSpec
from depthtransfer.tables.columns import OPTIMA
from depthtransfer.tables.frames import read_runs, write_frame
from depthtransfer.training.probing import apart

CONFIG = Path(__file__).parents[2] / "config"
_OUTPUTS = 10


def write_project(folder: Path) -> None:
    """Put the configuration and the tables of all experiments of smoke into a folder."""
    (folder / "config").symlink_to(CONFIG)
    for experiment in load_preset("smoke", CONFIG).experiments:
        sweep = load_runs("smoke", experiment, CONFIG)
        records = {request.spec.key: (_invented(request, sweep.swept), "local") for request in sweep.requests}
        place = folder / table_folder("smoke", experiment)
        write_tables(sweep, records, place)
        found = statistics(read_runs(place / "runs.parquet"), sweep.swept, resamples=20)
        write_frame(found["optima"], place / "optima.parquet", OPTIMA)


def _invented(request: Request, swept: str) -> Record:
    """Best at a learning rate of 1/4, or in the middle of what else is swept; the largest values diverge."""
    spec = request.spec
    value = {
        "momentum": 1 / (1 - spec.momentum),
        "gamma0": spec.constants.gamma0,
        "weight_decay": spec.weight_decay,
        "beta": spec.constants.beta,
    }
    centre = {"momentum": 4.0, "gamma0": 1.0, "weight_decay": 2.0**-8, "beta": 1.0}
    away = math.log2(value[swept] / centre[swept]) if swept in value else math.log2(spec.learning_rate / 0.25)
    step = np.arange(spec.steps)
    diverged = away > 1.5
    final = 0.3 + 0.1 * away**2 + 0.3 / spec.depth
    loss = final + (2.3 - final) * np.exp(-step / (0.2 * spec.steps)) + 0.01 * spec.seed
    shown = loss[: spec.steps // 2] if diverged else loss
    generator = np.random.default_rng(spec.seed + 100 * spec.width)
    logits = np.linspace(-1, 1, len(spec.probe_steps) * spec.probe_images * _OUTPUTS) * (1 + 1 / spec.depth)
    return Record(
        specification=spec.canonical(),
        summary={
            "status": "diverged" if diverged else "ok",
            "diverged_step": len(shown) - 1 if diverged else None,
            "device": "cpu",
            **({"probe_steps": list(spec.probe_steps)} if spec.probe_steps else {}),
            **({"updates": _updates(spec)} if spec.probe_blocks else {}),
            **({"stream_distances": _distances(spec)} if spec.probe_streams else {}),
        },
        provenance={"seconds": 0.1, "finished": "now", "commit": "unknown", "machine": "m", "versions": {}},
        series={"loss": shown, "accuracy": shown / 10, "learning_rate_factor": np.ones(len(shown))},
        logits=list(logits + generator.standard_normal(len(logits)) / math.sqrt(spec.width)),
    )


def _distances(spec: RunSpec) -> list[float]:
    """By the power 1/2 of the distance in layers, more the later."""
    return [math.sqrt(k / spec.depth) * (1 + step) for step in spec.probe_steps for k in apart(spec.depth)]


def _updates(spec: RunSpec) -> list[float]:
    """Of every block and of all, by the powers of the depth that paper B predicts."""
    constants = spec.constants
    each = spec.depth ** -(constants.alpha + constants.update_exponent) * (1 + 0.01 * spec.seed)
    row = [each] * spec.depth + [spec.depth * each] * (spec.probe_together + 1)
    return [value * step for step in spec.probe_steps for value in row]
