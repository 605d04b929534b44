"""Typed, validated form of config/*.yaml; light enough for the Snakefile."""

from depthtransfer.configuration.experiment import Experiment, SchemeChoice
from depthtransfer.configuration.loading import (
    load_experiment,
    load_preset,
    load_theory,
    names,
    theory_of,
)
from depthtransfer.configuration.paths import (
    DEFAULT_PRESET,
    figure_path,
    refinement_path,
    results_folder,
    study_path,
    study_provenance_path,
    table_folder,
)
from depthtransfer.configuration.preset import AugmentationChoice, Grid, Preset
from depthtransfer.configuration.theory import TheoryScale

__all__ = [
    "DEFAULT_PRESET",
    "AugmentationChoice",
    "Experiment",
    "Grid",
    "Preset",
    "SchemeChoice",
    "TheoryScale",
    "figure_path",
    "load_experiment",
    "load_preset",
    "load_theory",
    "names",
    "refinement_path",
    "results_folder",
    "study_path",
    "study_provenance_path",
    "table_folder",
    "theory_of",
]
