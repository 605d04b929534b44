"""YAML files into validated models; every error names file, key and remedy."""

import difflib
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from depthtransfer.configuration.experiment import Experiment
from depthtransfer.configuration.preset import Preset
from depthtransfer.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)

DEFAULT_PRESET = "smoke"
"""The preset of targets directly under figures/."""

_MAX_BYTES = 1_000_000


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML's safe loader, refusing a key that is written twice and anchors that could blow up."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases (*name) are not used here", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is not text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is written twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds, read without executing anything.

    Raises:
        ConfigurationError: if the file is missing, unreadable, not YAML or not a mapping.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigurationError(f"{path} is larger than {_MAX_BYTES} bytes", "give a configuration file")
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}", "give a readable file") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}", "correct the syntax") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} does not hold a mapping", "write keys with values")
    return content


def validate(model: type[Model], content: dict[str, Any], path: Path) -> Model:
    """Return the typed form of a file's content.

    Raises:
        ConfigurationError: naming the file, the first wrong key and what would be right.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        if first["type"] == "extra_forbidden":
            where = f"{path}: unknown key {key}"
            remedy = f"remove it{_suggestion(model, first['loc'])}"
        else:
            where = f"{path}: {key}: {first['msg'].removeprefix('Value error, ')}"
            shown = repr(first["input"])
            remedy = f"found {shown if len(shown) < 80 else shown[:77] + '...'}"
        more = error.error_count() - 1
        raise ConfigurationError(where, remedy + (f" ({more} more)" if more else "")) from error


def names(directory: Path) -> tuple[str, ...]:
    """Names of the YAML files in a directory."""
    return tuple(sorted(path.stem for path in directory.glob("*.yaml")))


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
    merged: dict[str, Any] = {}
    for experiment, grids in experiments.items():
        if not (isinstance(grids, list) and all(isinstance(grid, dict) for grid in grids)):
            raise ConfigurationError(f"{path}: experiments.{experiment}", "write a list of grids")
        merged[experiment] = [_with_defaults(defaults, grid) for grid in grids]
        _named(root / "experiments", experiment, "experiment", f"{path}: experiments.{experiment}: ")
    return validate(Preset, {**content, "experiments": merged}, path)


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
    inherited = _extended(_named(root / "presets", base, "preset"), root, (*seen, path.stem))
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


def _suggestion(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    if len(location) != 1:
        return ""
    close = difflib.get_close_matches(str(location[0]), model.model_fields, n=1)
    return f" or write {close[0]!r}" if close else ""
