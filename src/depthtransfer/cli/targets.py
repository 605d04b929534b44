"""What a target on the command line means: a preset and the experiments behind it."""

from pathlib import PurePosixPath

from depthtransfer import figures
from depthtransfer.configuration import DEFAULT_PRESET, load_experiment, load_preset
from depthtransfer.errors import ConfigurationError


def resolve(target: str, preset: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Return preset and experiments of a figure's path, a figure's name or an experiment's name.

    Raises:
        UserError: if preset, figure or experiment is unknown, or the path names another preset than asked for.
    """
    path = PurePosixPath(target)
    if path.parts[:1] == ("figures",) and len(path.parts) in (2, 3):
        named = path.parts[1] if len(path.parts) == 3 else DEFAULT_PRESET
        if preset not in (None, named):
            raise ConfigurationError(f"--preset {preset} and {target} differ", "leave one of them out")
        load_preset(named)
        return named, figures.load(path.stem).EXPERIMENTS
    chosen = preset or DEFAULT_PRESET
    load_preset(chosen)
    if target in figures.names():
        return chosen, figures.load(target).EXPERIMENTS
    load_experiment(target)
    return chosen, (target,)


def studies(target: str) -> tuple[str, ...]:
    """Return the studies of the theory behind a figure's path or name; none if it is another target."""
    name = PurePosixPath(target).stem
    return figures.studies(name) if name in figures.names() else ()
