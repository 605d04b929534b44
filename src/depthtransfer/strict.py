"""YAML that people write and JSON that programs write, into typed forms that refuse what they do not know."""

import copy
import difflib
import functools
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from yaml.composer import Composer

from depthtransfer.errors import ConfigurationError, StoreError
from depthtransfer.files import open_regular

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A frozen model that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_MAX_BYTES = 100_000
"""The largest shipped file has 6000; PyYAML takes a second for what is admitted at most."""


_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_MISREAD = re.compile(r"^[-+]?0\d|[_:]")
"""Octal 010, 1_000 and 1:30, which is ninety: YAML 1.1 has meanings for them that nobody means."""


class _UniqueKeyLoader(Composer, yaml.CSafeLoader):
    """YAML's safe loader, refusing a key that is written twice and anchors that could blow up.

    libyaml scans, six times as fast as PyYAML's own scanner; the tree is put together in Python, where it can refuse.
    """

    def __init__(self, stream: str) -> None:
        yaml.CSafeLoader.__init__(self, stream)
        Composer.__init__(self)

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()
            raise yaml.constructor.ConstructorError(None, None, "aliases (*name) are not used here", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is not text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is written twice", key_node.start_mark
                )
            seen.add(key)
            _refuse_misread(key, value_node)
        return super().construct_mapping(node, deep)


def _refuse_misread(key: str, node: yaml.Node) -> None:
    """Refuse a number, or one in a list, that is written so that YAML takes it for another one."""
    for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if isinstance(each, yaml.SequenceNode):
            _refuse_misread(key, each)
        elif each.tag in _NUMBERS and _MISREAD.search(each.value):
            raise _MisreadError(f"{key}: {each.value} (line {each.start_mark.line + 1}) is not read as it looks")


class _MisreadError(Exception):
    """A number that YAML takes for another one."""


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """Content of a YAML text; kept, since a build reads the same few files for every experiment."""
    return yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506, a SafeLoader


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds, read without executing anything.

    Raises:
        ConfigurationError: if the file is missing, unreadable, not YAML or not a mapping.
    """
    try:
        with open_regular(path) as file:
            text = file.read(_MAX_BYTES + 1)
        if len(text) > _MAX_BYTES:
            raise ConfigurationError(f"{path} is larger than {_MAX_BYTES} bytes", "give a configuration file")
        content = copy.deepcopy(_parsed(text.decode("utf-8")))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}", "give a readable file") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
    except _MisreadError as error:
        raise ConfigurationError(f"{path}: {error}", "write decimal digits, without leading zeros, _ or :") from error
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError) as error:
        # PyYAML's constructors of !!bool, !!int, !!timestamp and others raise what their conversions raise
        raise ConfigurationError(f"{path} is not valid YAML: {_in_one_line(error)}", "correct the syntax") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} does not hold a mapping", "write keys with values")
    return content


def _in_one_line(error: Exception) -> str:
    """What YAML found, and where in the file: its own words speak of a "<unicode string>"."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error)
    mark = error.problem_mark or error.context_mark
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return said if mark is None else f"{said} (line {mark.line + 1}, column {mark.column + 1})"


def validate(model: type[Model], content: Any, path: Path | str, prefix: str = "") -> Model:
    """Return the typed form of a file's content, or of the part of it that stands under the key `prefix`.

    `path` is the file, or any other words for where the content stands.

    Raises:
        ConfigurationError: naming the file, the first wrong key and what would be right.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")  # a misspelt key is missing, too
        key = ".".join(map(str, (*([prefix] if prefix else []), *first["loc"]))) or "the file"
        if first["type"] == "extra_forbidden":
            where = f"{path}: unknown key {key}"
            remedy = f"remove it{_suggestion(str(first['loc'][-1]))}"
        else:
            where = f"{path}: {key}: {_plain(first['msg'])}"
            remedy = f"found {_shown(first['input'])}"
        more = error.error_count() - 1
        raise ConfigurationError(where, remedy + (f" ({more} more)" if more else "")) from error


def _plain(message: str) -> str:
    """Pydantic's words, as a person who writes YAML would say it."""
    return (
        message.removeprefix("Value error, ")
        .replace("a valid tuple", "a list")
        .replace("a valid dictionary", "a mapping")
    )


def _shown(value: Any) -> str:
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # integers of thousands of digits are not printed
        return "a value too long to print"
    return shown if len(shown) < 80 else f"{shown[:77]}..."


def _suggestion(unknown: str) -> str:
    known = sorted({name for part in Strict.__subclasses__() for name in part.model_fields})
    close = difflib.get_close_matches(unknown, known, n=1)
    return f" or write {close[0]!r}" if close else ""


class StrictJson(BaseModel):
    """A frozen model of JSON: unknown keys and values of another type are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def parse_json(model: type[Model], text: str | bytes, what: str, remedy: str) -> Model:
    """Return the typed form of a text.

    Args:
        model: its form.
        text: JSON.
        what: where it stands, for the message.
        remedy: what would be right.

    Raises:
        StoreError: if it is not JSON, or of another form.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise StoreError(f"{what} has another form than expected: {where}: {first['msg']}", remedy) from error
