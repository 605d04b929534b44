"""What a target on the command line means: a preset, and the experiments and studies behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from depthtransfer import figures
from depthtransfer.configuration import DEFAULT_PRESET, STUDIES, load_experiment, load_preset
from depthtransfer.errors import ConfigurationError

_DRAWN = (".pdf", ".png", ".csv")
_OF_ALL = ("claims.csv", "claims.parquet", "report.html")
_TABLES = ("runs.parquet", "steps.parquet", "probes.parquet", "updates.parquet", "provenance.parquet")
_ANALYSES = (
    *("optimum.csv", "transfer.csv", "regret.csv", "stability.csv", "loss_order.csv", "fast_transfer.csv"),
    *("diagnosis.csv", "refinement.csv"),
)


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


def resolve(target: str, preset: str | None = None) -> Target:
    """Return what stands behind anything that Snakemake can be asked for, or a figure's or experiment's name.

    Args:
        target: a figure's path or name, an experiment, a study, a table under results/, the claims or the report of a
            preset, or a rule: all, claims, report.
        preset: of a name; a path names its own.

    Raises:
        UserError: if preset, figure, experiment or table is unknown, or the path names another preset than asked for.
    """
    parts = PurePosixPath(target).parts
    if len(parts) in (2, 3) and parts[0] == "figures":
        named = _agreed(parts[1] if len(parts) == 3 else DEFAULT_PRESET, preset, target)
        return _figure(named, parts[-1])
    if len(parts) >= 3 and parts[0] == "results":
        return _result(_agreed(parts[1], preset, target), parts[2:], target)
    chosen = preset or DEFAULT_PRESET
    load_preset(chosen)
    if target in figures.names():
        return _drawn(chosen, [target])
    if target in ("all", "figures"):
        present = set(load_preset(chosen).experiments)
        return _drawn(chosen, [name for name in figures.names() if set(figures.load(name).EXPERIMENTS) <= present])
    if target in ("claims", "report"):
        return _everything(chosen)
    load_experiment(target)
    return Target(chosen, (target,))


def _agreed(named: str, preset: str | None, target: str) -> str:
    if preset not in (None, named):
        raise ConfigurationError(f"--preset {preset} and {target} differ", "leave one of them out")
    load_preset(named)
    return named


def _figure(preset: str, file: str) -> Target:
    path = PurePosixPath(file)
    if path.suffix not in _DRAWN and path.suffix:
        raise ConfigurationError(f"figures are not drawn as {path.suffix}", f"write one of {', '.join(_DRAWN)}")
    return _drawn(preset, [path.stem])


def _drawn(preset: str, names: Sequence[str]) -> Target:
    """All experiments and studies of figures, each once."""
    experiments = (each for name in names for each in figures.load(name).EXPERIMENTS)
    studies = (each for name in names for each in figures.studies(name))
    return Target(preset, tuple(dict.fromkeys(experiments)), tuple(dict.fromkeys(studies)))


def _everything(preset: str) -> Target:
    return Target(preset, tuple(load_preset(preset).experiments), STUDIES)


def _result(preset: str, place: tuple[str, ...], target: str) -> Target:
    """What a file under results/PRESET/ is made from."""
    if len(place) == 1 and place[0] in _OF_ALL:
        return _everything(preset)
    if len(place) == 2 and place[0] == "theory":
        study = PurePosixPath(place[1]).stem.removesuffix("_provenance")
        if study in STUDIES and place[1].endswith(".parquet"):
            return Target(preset, (), (study,))
    elif (len(place) == 2 and place[1] in (*_TABLES, *_ANALYSES)) or (len(place) == 3 and place[1] == "shards"):
        load_experiment(place[0])
        return Target(preset, (place[0],))
    raise ConfigurationError(
        f"target {target!r} is unknown",
        f"write results/{preset}/EXPERIMENT/TABLE with TABLE one of {', '.join((*_TABLES, *_ANALYSES))}; "
        f"results/{preset}/theory/STUDY.parquet, or one of {', '.join(_OF_ALL)} in results/{preset}",
    )
