"""Typed, validated form of config/*.yaml; light enough for the Snakefile."""

from depthtransfer.configuration.experiment import Experiment, SchemeChoice
from depthtransfer.configuration.loading import (
    DEFAULT_PRESET,
    load_experiment,
    load_preset,
    names,
)
from depthtransfer.configuration.paths import figure_path, results_folder, table_folder
from depthtransfer.configuration.preset import AugmentationChoice, Grid, Preset

__all__ = [
    "DEFAULT_PRESET",
    "AugmentationChoice",
    "Experiment",
    "Grid",
    "Preset",
    "SchemeChoice",
    "figure_path",
    "load_experiment",
    "load_preset",
    "names",
    "results_folder",
    "table_folder",
]
