"""Captions read off the table: what was trained, on what, how often, and what became of it."""

import json
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from depthtransfer.figures.tables import ExperimentTables
from depthtransfer.registry import HYPERPARAMETERS, MODELS, hyperparameter

_WRITTEN = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "fp32": "float32", "bf16": "bfloat16"}
_MORE = {"schedule": "schedule", "warmup": "warm-up steps"}


def caption(tables: Iterable[ExperimentTables]) -> str:
    """One paragraph on the runs behind a figure; each column that is not in the tables is passed over.

    Args:
        tables: of the experiments that the figure shows, all of one swept column.
    """
    given = list(tables)
    runs = pd.concat([each.runs for each in given], ignore_index=True)
    swept = given[0].swept
    names = MODELS | _WRITTEN | {name: label for each in given for name, label in each.datasets.items()}
    sentences = [_training(runs, names), _sizes(runs, swept), _constants(runs, swept), _outcome(runs)]
    presets = sorted({each.preset for each in given if each.preset})
    if presets:
        sentences.append(f"Preset {', '.join(presets)}.")
    return " ".join(sentence for sentence in sentences if sentence)


def _training(runs: pd.DataFrame, names: Mapping[str, str]) -> str:
    parts = [_listed(runs, name, names) for name in ("model", "dataset", "optimizer")]
    text = " on ".join(part for part in parts[:2] if part)
    if parts[2]:
        text += f", {parts[2]}"
    if batch := _listed(runs, "batch_size"):
        text += f", batch {batch}"
    if steps := _listed(runs, "steps"):
        text += f", {steps} steps"
    if epochs := _listed(runs, "epochs"):
        text += f" ({epochs} epochs)"
    if precision := _listed(runs, "precision", names):
        text += f", {precision}"
    if options := _options(runs):
        text += f"; {options}"
    return f"{text.lstrip(', ')}." if text else ""


def _options(runs: pd.DataFrame) -> str:
    """Options of the architectures, each with all values that occur."""
    if "options" not in runs.columns:
        return ""
    given: dict[str, list[str]] = {}
    for text in sorted(runs["options"].unique()):
        for name, value in json.loads(text).items():
            values = given.setdefault(name.replace("_", " "), [])
            if (shown := str(value).replace("_", " ")) not in values:
                values.append(shown)
    return ", ".join(f"{name} {' or '.join(values)}" for name, values in given.items())


def _sizes(runs: pd.DataFrame, swept: str) -> str:
    values = runs[swept]
    per_point = runs.groupby(["variant", "width", "depth", swept])["seed"].nunique()
    few, many = int(per_point.min()), int(per_point.max())
    seeds = f"{many}" if few == many else f"{few} to {many}"
    name = hyperparameter(swept).label
    grid = f"{values.nunique()} values of {name} from {values.min():.3g} to {values.max():.3g}"
    if values.nunique() == 1:
        grid = f"{name} {values.iloc[0]:.3g}"
    return (
        f"Widths {_listed(runs, 'width')}; depths {_listed(runs, 'depth')}; {grid}; "
        f"{seeds} {'seed' if seeds == '1' else 'seeds'} a point."
    )


def _constants(runs: pd.DataFrame, swept: str) -> str:
    """What was held fixed; a constant is given for the schemes that read it, as the others' rows hold it idly."""
    parts = []
    for name, entry in HYPERPARAMETERS.items():
        if name in (swept, "batch_size") or name not in runs.columns:  # the batch is told with the training
            continue
        readers = runs[runs["scheme"].isin(entry.read_by)] if entry.read_by else runs
        if text := _listed(readers, name):
            parts.append(f"{entry.letter or entry.label} {text}")
    parts += [f"{label} {text}" for name, label in _MORE.items() if (text := _listed(runs, name))]
    return f"Held fixed: {', '.join(parts)}." if parts else ""


def _outcome(runs: pd.DataFrame) -> str:
    if "key" in runs.columns:  # a figure may show a run at two moments
        runs = runs.drop_duplicates("key", keep="last")
    diverged = int((runs["status"] == "diverged").sum())
    window = _listed(runs, "window")
    spent = f"Mean training loss over the last {window} steps. " if window else ""
    return f"{spent}{len(runs)} runs, {diverged if diverged else 'none'} diverged."


def _listed(runs: pd.DataFrame, name: str, written: Mapping[str, str] | None = None) -> str:
    """The distinct values of a column in order, as a range where there are many; empty if there are none."""
    if name not in runs.columns:
        return ""
    values = runs[name].dropna()
    if values.dtype.kind in "iuf":
        distinct = np.unique(values.to_numpy())
        if len(distinct) > 8:
            return f"{distinct[0]:.4g} to {distinct[-1]:.4g}"
        return ", ".join(f"{value:.4g}" if value < 1e4 else f"{value:.0f}" for value in distinct)
    return ", ".join((written or {}).get(value, value) for value in sorted(values.astype(str).unique()))
