"""Presets and experiments by name."""

import difflib
from pathlib import Path
from typing import Any

from depthtransfer.configuration.experiment import Experiment
from depthtransfer.configuration.paths import checked_name
from depthtransfer.configuration.preset import Preset
from depthtransfer.configuration.theory import TheoryScale
from depthtransfer.errors import ConfigurationError
from depthtransfer.strict import read_yaml, validate


def names(directory: Path) -> tuple[str, ...]:
    """Names of the YAML files in a directory, hidden ones left out.

    Raises:
        ConfigurationError: if a file has a name that cannot be one of a preset or experiment.
    """
    kind = {"presets": "preset", "experiments": "experiment"}.get(directory.name, "file")
    found = sorted(path for path in directory.glob("*.yaml") if not path.name.startswith("."))
    return tuple(_stem(path, kind) for path in found)


def _stem(path: Path, kind: str) -> str:
    try:
        return checked_name(path.stem, kind)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path.parent}: {error.what}", f"rename the file: {error.remedy}") from error


def load_experiment(name: str, root: Path = Path("config")) -> Experiment:
    """Read config/experiments/<name>.yaml."""
    path = _named(root / "experiments", name, "experiment")
    return validate(Experiment, read_yaml(path), path)


def load_preset(name: str, root: Path = Path("config")) -> Preset:
    """Read config/presets/<name>.yaml; `extends` names a preset whose values it starts from.

    `defaults` holds grid values for every experiment; a grid's own values come first.
    """
    path = _named(root / "presets", name, "preset")
    content = _extended(path, root, seen=())
    defaults = content.pop("defaults", {})
    experiments = content.get("experiments", {})
    if not isinstance(defaults, dict) or not isinstance(experiments, dict):
        raise ConfigurationError(f"{path}: defaults and experiments", "write them as mappings")
    known = set(names(root / "experiments"))  # once: a preset names dozens
    merged: dict[str, Any] = {}
    for experiment, grids in experiments.items():
        if not (isinstance(grids, list) and all(isinstance(grid, dict) for grid in grids)):
            raise ConfigurationError(f"{path}: experiments.{experiment}", "write a list of grids")
        merged[experiment] = [_with_defaults(defaults, grid) for grid in grids]
        if experiment not in known:
            _named(root / "experiments", experiment, "experiment", f"{path}: experiments.{experiment}: ")
    return validate(Preset, {**content, "experiments": merged}, path)


def load_theory(preset: str, root: Path = Path("config")) -> TheoryScale:
    """Read config/theory/<preset>.yaml; a preset without one takes that of the preset it extends."""
    path = _named(root / "theory", theory_of(preset, root) or preset, "theory scale of preset")
    return validate(TheoryScale, read_yaml(path), path)


def theory_of(preset: str, root: Path = Path("config")) -> str | None:
    """Name of the preset whose theory scale a preset has: its own, or one that it extends; None if there is none."""
    seen: set[str] = set()
    while preset not in names(root / "theory"):
        seen.add(preset)
        if preset not in names(root / "presets"):
            return None
        base = read_yaml(root / "presets" / f"{preset}.yaml").get("extends")
        if not isinstance(base, str) or base in seen:
            return None
        preset = base
    return preset


def _with_defaults(defaults: dict[str, Any], grid: dict[str, Any]) -> dict[str, Any]:
    length = {"epochs", "steps"}
    if length & grid.keys():
        defaults = {key: value for key, value in defaults.items() if key not in length}
    return {**defaults, **grid}


def _extended(path: Path, root: Path, seen: tuple[str, ...]) -> dict[str, Any]:
    content = read_yaml(path)
    base = content.pop("extends", None)
    if base is None:
        return content
    if not isinstance(base, str) or base in (*seen, path.stem):
        raise ConfigurationError(f"{path}: extends: {base!r}", "name another preset, without a circle")
    inherited = _extended(_named(root / "presets", base, "preset", f"{path}: extends: "), root, (*seen, path.stem))
    merged = {**inherited, **content}
    for key in ("defaults", "experiments", "sources"):
        if isinstance(content.get(key), dict) and isinstance(inherited.get(key), dict):
            merged[key] = {**inherited[key], **content[key]}
    return merged


def _named(directory: Path, name: str, kind: str, context: str = "") -> Path:
    known = names(directory)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ConfigurationError(
            f"{context}{kind} {name!r} is unknown ({directory}/{name}.yaml)",
            f"{hint}known: {', '.join(known) or 'none'}",
        )
    return directory / f"{name}.yaml"
