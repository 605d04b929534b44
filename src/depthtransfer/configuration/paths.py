"""The path is the request: where tables and figures of a preset lie, and which names there can be. None leads out."""

import re
from pathlib import Path

from depthtransfer.errors import ConfigurationError
from depthtransfer.registry import SWEEP

DEFAULT_PRESET = "smoke"
"""The preset of targets directly under figures/."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_TAKEN = {
    "preset": ("store", "committed", "solutions", "committed-solutions", "imported", "logs", "benchmarks", "sweep"),
    "experiment": ("theory", "logs", "benchmarks"),
}
"""Folders that stand beside those of presets in results/ and figures/, and beside those of experiments below them."""


def checked_name(name: str, kind: str) -> str:
    """Return a name that is safe in a path and in a command.

    Raises:
        ConfigurationError: if it is anything but letters, digits, hyphens and underscores, or means something else.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{kind} {name!r} is no name", "use letters, digits, hyphens and underscores, at most 100"
        )
    if name in _TAKEN.get(kind, ()):
        raise ConfigurationError(f"{kind} {name!r} is the name of something else in results/", "choose another name")
    return name


def results_folder(preset: str) -> Path:
    """Folder of everything that a preset's runs gave.

    Raises:
        ConfigurationError: if that is no name of a preset.
    """
    return Path("results") / checked_name(preset, "preset")


def table_folder(preset: str, experiment: str) -> Path:
    """Folder of an experiment's tables."""
    return results_folder(preset) / checked_name(experiment, "experiment")


def refinement_path(preset: str, experiment: str) -> Path:
    """Table of the values that refinement added to an experiment's grid."""
    return table_folder(preset, experiment) / "refinement.csv"


def study_path(preset: str, study: str) -> Path:
    """Table of a study of the theory."""
    return results_folder(preset) / "theory" / f"{checked_name(study, 'study')}.parquet"


def study_provenance_path(preset: str, study: str) -> Path:
    """Who solved what a study asks for."""
    return study_path(preset, study).with_name(f"{study}_provenance.parquet")


def figure_path(name: str, preset: str) -> Path:
    """PDF of a figure: directly under figures/ for the default preset, in a folder for each other one.

    That of an experiment (sweep/EXPERIMENT) lies in a folder sweep/ below.
    """
    folder = Path("figures") if preset == DEFAULT_PRESET else Path("figures") / checked_name(preset, "preset")
    parts = name.removeprefix(SWEEP)
    return folder / name[: len(name) - len(parts)] / f"{checked_name(parts, 'figure')}.pdf"
