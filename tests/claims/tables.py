"""Tables on disk with a known answer, as experiments leave them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from depthtransfer.analysis import statistics
from depthtransfer.tables.columns import OPTIMA, RUNS, Column
from depthtransfer.tables.frames import schema, write_frame, write_table

_DEFAULTS = {
    "experiment": "invented",
    "dataset": "digits",
    "classes": 10,
    "model": "cnn",
    "options": "{}",
    "zero_init": False,
    "learning_rate": 0.1,
    "momentum": 0.0,
    "weight_decay": 0.0,
    "gamma0": 1.0,
    "beta": 1.0,
    "alpha": 0.5,
    "update_exponent": 0.5,
    "optimizer": "sgd",
    "schedule": "constant",
    "warmup": 0,
    "batch_size": 64,
    "steps": 600,
    "epochs": 1.0,
    "window": 100,
    "precision": "fp32",
    "initial_loss": 2.3,
    "accuracy": 0.5,
    "parameters": 1,
    "flops": 1.0,
    "device": "cpu",
}


def write(frame: pd.DataFrame, path: Path, columns: Sequence[Column]) -> None:
    """Write a table with these columns; nullable ones that the frame lacks are empty."""
    expected = schema(columns)
    arrays = [_array(frame, field) for field in expected]
    write_table(pa.Table.from_arrays(arrays, schema=expected), path, columns)


def _array(frame: pd.DataFrame, field: pa.Field) -> pa.Array:
    if field.name not in frame:
        return pa.nulls(len(frame), field.type)
    values = frame[field.name]
    floats = values.dtype.kind == "f" and len(values)  # NaN is a number here, not a missing one
    return pa.array(values.to_numpy() if floats else values.tolist(), type=field.type)


def write_runs(frame: pd.DataFrame, folder: Path, experiment: str) -> pd.DataFrame:
    """Write runs and optima of an experiment; columns that the frame lacks get a plain value."""
    full = frame.copy()
    full["key"] = [f"{experiment}-{i}" for i in range(len(full))]
    full["variant"] = full["scheme"] if "variant" not in full else full["variant"]
    for name, value in _DEFAULTS.items():
        if name not in full:
            full[name] = value
    at = full["diverged_step"] if "diverged_step" in frame else pd.Series(5, index=full.index)
    steps = [int(step) if status == "diverged" else None for status, step in zip(full["status"], at, strict=True)]
    full["diverged_step"] = pd.Series(steps, index=full.index, dtype=object)
    write(full, folder / experiment / "runs.parquet", RUNS)
    named = {"cnn_momentum": "momentum", "cnn_gamma0": "gamma0", "cnn_weight_decay": "weight_decay", "mlp_beta": "beta"}
    swept = named.get(experiment, "learning_rate")
    compared = full.assign(scheme=full["variant"])
    write_frame(statistics(compared, swept, resamples=200)["optima"], folder / experiment / "optima.parquet", OPTIMA)
    return full
