"""Captions read off the table: what was trained, on what, how often, and what became of it."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from depthtransfer.figures.experiment_tables import ExperimentTables

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_NAMES = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "fp32": "float32",
    "bf16": "bfloat16",
    "cnn": "CNN",
    "resnet18_bn": "ResNet18 type with BatchNorm",
    "mlp": "MLP",
    "vit": "ViT",
    "digits": "digits",
    "cifar10": "CIFAR-10",
    "cifar10_jpeg": "CIFAR-10 (JPEG copies, quality about 75)",
    "tiny_imagenet": "Tiny ImageNet (subset)",
    "imagenet": "ImageNet (224 pixels)",
}
_HELD_FIXED = ("learning_rate", "momentum", "weight_decay", "gamma0", "beta", "alpha", "schedule", "warmup")
_MEAN_FIELD = ("mup", "mup_sqrt_depth", "mup_alpha")
_READ_BY = {"gamma0": _MEAN_FIELD, "beta": _MEAN_FIELD, "alpha": ("mup_alpha",)}
"""Constants that only some schemes read; the others' rows hold them without any effect."""
_SYMBOLS = {
    "gamma0": "γ₀",
    "beta": "β",
    "alpha": "α",
    "weight_decay": "weight decay",
    "learning_rate": "learning rate",
    "warmup": "warm-up steps",
}


def caption(tables: Iterable[ExperimentTables], hyperparameter: str = "learning_rate") -> str:
    """One paragraph on the runs behind a figure; each column that is not in the tables is passed over.

    Args:
        tables: of the experiments that the figure shows.
        hyperparameter: the swept column, whose range is given.
    """
    import pandas as pd

    given = list(tables)
    runs = pd.concat([each.runs for each in given], ignore_index=True)
    sentences = [
        _training(runs),
        _sizes(runs, hyperparameter),
        _constants(runs, hyperparameter),
        _outcome(runs),
    ]
    presets = sorted({each.preset for each in given if each.preset})
    if presets:
        sentences.append(f"Preset {', '.join(presets)}.")
    return " ".join(sentence for sentence in sentences if sentence)


def _training(runs: "DataFrame") -> str:
    parts = [_listed(runs, name) for name in ("model", "dataset", "optimizer")]
    text = " on ".join(part for part in parts[:2] if part)
    if parts[2]:
        text += f", {parts[2]}"
    if batch := _listed(runs, "batch_size"):
        text += f", batch {batch}"
    if steps := _listed(runs, "steps"):
        text += f", {steps} steps"
    if epochs := _listed(runs, "epochs"):
        text += f" ({epochs} epochs)"
    if precision := _listed(runs, "precision"):
        text += f", {precision}"
    if options := _options(runs):
        text += f"; {options}"
    return f"{text.lstrip(', ')}." if text else ""


def _options(runs: "DataFrame") -> str:
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


def _sizes(runs: "DataFrame", hyperparameter: str) -> str:
    values = runs[hyperparameter]
    per_point = runs.groupby(["scheme", "width", "depth", hyperparameter])["seed"].nunique()
    few, many = int(per_point.min()), int(per_point.max())
    seeds = f"{many}" if few == many else f"{few} to {many}"
    name = hyperparameter.replace("_", " ")
    swept = f"{values.nunique()} values of {name} from {values.min():.3g} to {values.max():.3g}"
    if values.nunique() == 1:
        swept = f"{name} {values.iloc[0]:.3g}"
    return (
        f"Widths {_listed(runs, 'width')}; depths {_listed(runs, 'depth')}; {swept}; "
        f"{seeds} {'seed' if seeds == '1' else 'seeds'} a point."
    )


def _constants(runs: "DataFrame", hyperparameter: str) -> str:
    parts = []
    for name in _HELD_FIXED:
        if name == hyperparameter or name not in runs.columns:
            continue
        readers = runs[runs["scheme"].isin(_READ_BY[name])] if name in _READ_BY else runs
        if text := _listed(readers, name):
            parts.append(f"{_SYMBOLS.get(name, name)} {text}")
    return f"Held fixed: {', '.join(parts)}." if parts else ""


def _outcome(runs: "DataFrame") -> str:
    if "key" in runs.columns:  # a figure may show a run at two moments
        runs = runs.drop_duplicates("key", keep="last")
    diverged = int((runs["status"] == "diverged").sum())
    window = _listed(runs, "window")
    spent = f"Mean training loss over the last {window} steps. " if window else ""
    return f"{spent}{len(runs)} runs, {diverged if diverged else 'none'} diverged."


def _listed(runs: "DataFrame", name: str) -> str:
    """The distinct values of a column in order, as a range where there are many; empty if there are none."""
    if name not in runs.columns:
        return ""
    values: Series = runs[name].dropna()
    if values.dtype.kind in "iuf":
        distinct = np.unique(values.to_numpy())
        if len(distinct) > 8:
            return f"{distinct[0]:.4g} to {distinct[-1]:.4g}"
        return ", ".join(f"{value:.4g}" if value < 1e4 else f"{value:.0f}" for value in distinct)
    return ", ".join(_NAMES.get(value, value) for value in sorted(values.astype(str).unique()))
