"""The tables of an experiment: the concatenation of its runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from depthtransfer.store.keys import canonical_json
from depthtransfer.store.records import Record
from depthtransfer.sweeps.grid import ExperimentRuns, Request
from depthtransfer.tables.columns import PROBES, PROVENANCE, RUNS, STEPS, STREAMS, UPDATES, Column
from depthtransfer.tables.frames import write_table


def write_tables(sweep: ExperimentRuns, records: Mapping[str, tuple[Record, str]], folder: Path) -> None:
    """Write runs, steps, probes, updates, streams and provenance of an experiment as Parquet tables into a folder.

    Raises:
        StoreError: if a file cannot be written.
    """
    rows = [(request, *records[request.spec.key]) for request in sweep.requests]
    runs = [
        _run_row(sweep.experiment, request, record, sweep.declarations[request.spec.dataset].classes)
        for request, record, _ in rows
    ]
    write_table(pa.Table.from_pylist(runs), folder / "runs.parquet", RUNS)
    write_table(_steps(sweep.requests, records), folder / "steps.parquet", STEPS)
    write_table(_probes(sweep.requests, records), folder / "probes.parquet", PROBES)
    write_table(_updates(sweep.requests, records), folder / "updates.parquet", UPDATES)
    write_table(_streams(sweep.requests, records), folder / "streams.parquet", STREAMS)
    provenance = [_provenance_row(record, layer) for _, record, layer in rows]
    write_table(pa.Table.from_pylist(provenance), folder / "provenance.parquet", PROVENANCE)


def _run_row(experiment: str, request: Request, record: Record, classes: int) -> dict[str, Any]:
    spec, summary = request.spec, record.summary
    ok = summary["status"] == "ok"
    return {
        "key": spec.key,
        "experiment": experiment,
        "dataset": spec.dataset,
        "classes": classes,
        "model": spec.model,
        "options": canonical_json(spec.options),
        "scheme": str(spec.scheme),
        "variant": request.variant,
        "zero_init": spec.zero_init,
        "width": spec.width,
        "depth": spec.depth,
        "seed": spec.seed,
        "batch_seed": spec.batch_seed,
        "learning_rate": spec.learning_rate,
        "momentum": spec.momentum,
        "weight_decay": spec.weight_decay,
        "gamma0": spec.constants.gamma0,
        "beta": spec.constants.beta,
        "alpha": spec.constants.alpha,
        "update_exponent": spec.constants.update_exponent,
        "outer_learning_rate": spec.outer_learning_rate,
        "optimizer": str(spec.optimizer),
        "schedule": spec.schedule,
        "warmup": spec.warmup,
        "batch_size": spec.batch_size,
        "steps": spec.steps,
        "epochs": request.epochs,
        "window": request.window,
        "precision": spec.precision,
        "status": summary["status"],
        "diverged_step": summary["diverged_step"],
        "loss": _tail_mean(record, "loss", request.window) if ok else float("nan"),
        "accuracy": _tail_mean(record, "accuracy", request.window) if ok else float("nan"),
        "test_loss": summary.get("test_loss"),
        "test_accuracy": summary.get("test_accuracy"),
        "initial_loss": float(record.series["loss"][0]),
        "parameters": request.parameters,
        "flops": request.flops,
        "device": summary["device"],
    }


def _tail_mean(record: Record, name: str, window: int) -> float:
    values = record.series[name][-window:]
    return float(sum(values) / len(values))


def _steps(requests: tuple[Request, ...], records: Mapping[str, tuple[Record, str]]) -> pa.Table:

    parts = []
    for request in requests:
        series = records[request.spec.key][0].series
        step = np.arange(len(series["loss"]))
        parts.append(
            pa.table(
                {
                    "key": pa.array([request.spec.key] * len(step), pa.string()),
                    "step": step,
                    "epoch": step * (request.epochs / request.spec.steps),
                    "loss": np.asarray(series["loss"], dtype=np.float64),
                    "accuracy": np.asarray(series["accuracy"], dtype=np.float64),
                    "learning_rate": np.asarray(series["learning_rate_factor"]) * request.spec.learning_rate,
                }
            )
        )
    return pa.concat_tables(parts)


def _probes(requests: tuple[Request, ...], records: Mapping[str, tuple[Record, str]]) -> pa.Table:

    parts = [_empty(PROBES)]
    for request in requests:
        record = records[request.spec.key][0]
        looked_at = record.summary.get("probe_steps", [])
        if not looked_at:
            continue
        logits = np.asarray(record.logits, dtype=np.float32).reshape(len(looked_at), request.spec.probe_images, -1)
        step, image, output = np.indices(logits.shape).reshape(3, -1)
        parts.append(
            pa.table(
                {
                    "key": pa.array([request.spec.key] * logits.size, pa.string()),
                    "step": np.asarray(looked_at)[step],
                    "image": image,
                    "output": output,
                    "logit": logits.ravel(),
                }
            )
        )
    return pa.concat_tables(parts)


def _updates(requests: tuple[Request, ...], records: Mapping[str, tuple[Record, str]]) -> pa.Table:

    parts = [_empty(UPDATES)]
    for request in requests:
        summary = records[request.spec.key][0].summary
        if not summary.get("updates"):
            continue
        change = np.array(summary["updates"], dtype=np.float64).reshape(len(summary["probe_steps"]), -1)
        step, place = np.indices(change.shape).reshape(2, -1)
        block = np.where(place == change.shape[1] - 1, 0, np.where(place == request.spec.depth, -1, place + 1))
        parts.append(
            pa.table(
                {
                    "key": pa.array([request.spec.key] * change.size, pa.string()),
                    "step": np.asarray(summary["probe_steps"])[step],
                    "block": block,
                    "change": change.ravel(),
                }
            )
        )
    return pa.concat_tables(parts)


def _streams(requests: tuple[Request, ...], records: Mapping[str, tuple[Record, str]]) -> pa.Table:

    parts = [_empty(STREAMS)]
    for request in requests:
        summary = records[request.spec.key][0].summary
        if not summary.get("stream_distances"):
            continue
        distance = np.array(summary["stream_distances"], dtype=np.float64).reshape(len(summary["probe_steps"]), -1)
        step, power = np.indices(distance.shape).reshape(2, -1)
        parts.append(
            pa.table(
                {
                    "key": pa.array([request.spec.key] * distance.size, pa.string()),
                    "step": np.asarray(summary["probe_steps"])[step],
                    "blocks": 2**power,
                    "distance": distance.ravel(),
                }
            )
        )
    return pa.concat_tables(parts)


def _empty(columns: tuple[Column, ...]) -> pa.Table:

    return pa.table({column.name: pa.array([], pa.type_for_alias(column.dtype)) for column in columns})


def _provenance_row(record: Record, layer: str) -> dict[str, Any]:
    made = record.provenance
    return {
        "key": record.key,
        "seconds": made["seconds"],
        "data": record.specification["data_identity"],
        "finished": made["finished"],
        "layer": layer,
        "engine": record.specification["engine"],
        "commit": made["commit"],
        "machine": made["machine"],
        "versions": canonical_json(made["versions"]),
    }
