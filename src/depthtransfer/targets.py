"""What can be asked for, and what it is made from: told once, for the workflow's rules and for `depthtransfer plan`.

A target is a path (``figures/paper/fig1.pdf``, ``results/smoke/cnn_alpha/transfer.csv``) or the name of a figure, an
experiment or a rule.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from depthtransfer.configuration import (
    DEFAULT_PRESET,
    figure_path,
    load_experiment,
    load_preset,
    names,
    results_folder,
    study_path,
    study_provenance_path,
    table_folder,
    theory_of,
)
from depthtransfer.errors import ConfigurationError
from depthtransfer.registry import FIGURES, STUDIES, SWEEP, figure

DRAWN = (".pdf", ".png", ".csv")
"""Files of a figure."""

TABLES = {
    **{name: f"{name}.parquet" for name in ("runs", "steps", "probes", "updates", "streams", "provenance", "optima")},
    **{name: f"{name}.csv" for name in ("optimum", "transfer", "regret", "stability", "diagnosis")},
    "order": "loss_order.csv",
    "fast": "fast_transfer.csv",
}
"""Files that the rule `tables` makes of an experiment's runs, by the name of the output."""

REFINEMENT = "refinement.csv"
OF_A_PRESET = ("claims.csv", "claims.parquet", "report.html")
"""Files that are made from all of a preset."""

_READ_BY_FIGURES = ("runs", "steps", "probes", "updates", "streams", "provenance", "optima")
_READ_BY_CLAIMS = ("runs", "steps", "probes", "updates", "streams", "optima")


@dataclass(frozen=True)
class Target:
    """What stands behind a target.

    Args:
        preset: whose scale it has.
        experiments: those whose runs it needs.
        studies: those of the theory whose solutions it needs.
    """

    preset: str
    experiments: tuple[str, ...]
    studies: tuple[str, ...] = ()


def studies_of(preset: str) -> tuple[str, ...]:
    """Studies of the theory that a preset has a scale for: all or none."""
    return STUDIES if theory_of(preset) else ()


def behind_figures(preset: str, names: Iterable[str]) -> Target:
    """All experiments and studies of figures, each once.

    Raises:
        ConfigurationError: if there is no figure of a name.
    """
    entries = [figure(name) for name in names]
    experiments = (each for entry in entries for each in entry.experiments)
    studies = (each for entry in entries for each in entry.studies)
    return Target(preset, tuple(dict.fromkeys(experiments)), tuple(dict.fromkeys(studies)))


def figures_of(preset: str) -> tuple[str, ...]:
    """Figures whose experiments and studies a preset has."""
    present = {*load_preset(preset).experiments, *studies_of(preset)}
    shown = {name: behind_figures(preset, [name]) for name in FIGURES}
    return tuple(name for name, behind in shown.items() if present.issuperset(behind.experiments + behind.studies))


def read_by_figure(preset: str, name: str) -> list[Path]:
    """Tables, with their provenance, that a figure is drawn from."""
    behind = behind_figures(preset, [name])
    tables = _tables(preset, behind.experiments, _READ_BY_FIGURES)
    return tables + [path(preset, study) for study in behind.studies for path in (study_path, study_provenance_path)]


def read_by_claims(preset: str) -> list[Path]:
    """Tables of every experiment of a preset, and of every study of the theory that it has."""
    tables = _tables(preset, load_preset(preset).experiments, _READ_BY_CLAIMS)
    return tables + [study_path(preset, study) for study in studies_of(preset)]


def _tables(preset: str, experiments: Iterable[str], names: Iterable[str]) -> list[Path]:
    return [table_folder(preset, experiment) / TABLES[name] for experiment in experiments for name in names]


def shown_by_report(preset: str) -> list[Path]:
    """PNG and CSV of every figure of a preset."""
    return [figure_path(name, preset).with_suffix(suffix) for name in figures_of(preset) for suffix in (".png", ".csv")]


def resolve(target: str, preset: str | None = None) -> Target:
    """Return what stands behind anything that Snakemake can be asked for, or a figure's or experiment's name.

    Args:
        target: a figure's path or name, an experiment, a table under results/, the claims or the report of a preset,
            or a rule: all, claims, report.
        preset: of a name; a path names its own.

    Raises:
        UserError: if preset, figure, experiment or table is unknown, or the path names another preset than asked for.
    """
    parts = PurePosixPath(target).parts
    if len(parts) >= 2 and parts[0] == "figures":
        *folder, name = parts[1:]
        of_experiment = folder[-1:] == [SWEEP.rstrip("/")]
        folder = folder[:-1] if of_experiment else folder
        if len(folder) > 1:
            raise ConfigurationError(f"target {target!r} is unknown", "write figures/PRESET/NAME.pdf")
        named = _agreed(folder[0] if folder else DEFAULT_PRESET, preset, target)
        file = PurePosixPath(name)
        if file.suffix and file.suffix not in DRAWN:
            raise ConfigurationError(f"figures are not drawn as {file.suffix}", f"write one of {', '.join(DRAWN)}")
        if of_experiment:
            load_experiment(file.stem)
        return behind_figures(named, [f"{SWEEP}{file.stem}" if of_experiment else file.stem])
    if len(parts) >= 3 and parts[0] == "results":
        return _result(_agreed(parts[1], preset, target), parts[2:], target)
    chosen = preset or DEFAULT_PRESET
    load_preset(chosen)
    if target in FIGURES or target.startswith(SWEEP):
        return behind_figures(chosen, [target])
    if target in ("all", "figures"):
        return behind_figures(chosen, figures_of(chosen))
    if target in ("claims", "report"):
        return _everything(chosen)
    if target not in (known := names(Path("config/experiments"))):
        raise ConfigurationError(
            f"there is no figure or experiment '{target}'",
            f"figures: {', '.join(FIGURES)}; experiments: {', '.join(known)}",
        )
    load_experiment(target)
    return Target(chosen, (target,))


def _agreed(named: str, preset: str | None, target: str) -> str:
    if preset not in (None, named):
        raise ConfigurationError(f"--preset {preset} and {target} differ", "leave one of them out")
    load_preset(named)
    return named


def _everything(preset: str) -> Target:
    return Target(preset, tuple(load_preset(preset).experiments), studies_of(preset))


def _result(preset: str, place: tuple[str, ...], target: str) -> Target:
    """What a file under results/PRESET/ is made from."""
    path = Path("results", preset, *place)
    if path in [results_folder(preset) / name for name in OF_A_PRESET]:
        return _everything(preset)
    for study in studies_of(preset):
        if path in (study_path(preset, study), study_provenance_path(preset, study)):
            return Target(preset, (), (study,))
    tables = (*TABLES.values(), REFINEMENT)
    if (len(place) == 2 and place[1] in tables) or (len(place) == 3 and place[1] == "shards"):
        load_experiment(place[0])
        return Target(preset, (place[0],))
    raise ConfigurationError(
        f"target {target!r} is unknown",
        f"write results/{preset}/EXPERIMENT/TABLE with TABLE one of {', '.join(tables)}; "
        f"results/{preset}/theory/STUDY.parquet, or one of {', '.join(OF_A_PRESET)} in results/{preset}",
    )
