"""The path is the request: where tables and figures of a preset lie. No name leads out of results/ or figures/."""

from pathlib import Path

from depthtransfer.configuration.loading import DEFAULT_PRESET
from depthtransfer.configuration.naming import checked_name
from depthtransfer.registry import SWEEP


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
