"""What no linter sees: the YAML loader builds plain values only, and only checked words reach a shell."""

import io
import re
import tokenize
from pathlib import Path

import yaml

from depthtransfer import strict

from .test_layout import repository_files

EXECUTES = {"eval", "exec", "compile", "__import__", "pickle", "dill", "joblib", "shelve", "marshal"}


def test_the_loader_of_configuration_is_safe() -> None:
    assert issubclass(strict._UniqueKeyLoader, yaml.SafeLoader)
    assert strict._UniqueKeyLoader.yaml_constructors == yaml.SafeLoader.yaml_constructors
    assert strict._UniqueKeyLoader.yaml_multi_constructors == yaml.SafeLoader.yaml_multi_constructors


def workflow_files() -> list[Path]:
    return [path for path in repository_files() if path.name == "Snakefile" or path.suffix == ".smk"]


def test_the_workflow_executes_no_text() -> None:
    """Rules are Python with a few words more, so they are read token by token."""
    forbidden = EXECUTES | {"system", "popen", "script", "notebook", "wrapper"}
    files = workflow_files()
    assert len(files) > 5
    for path in files:
        text = path.read_text(encoding="utf-8")
        words = {token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == 1}
        assert words & forbidden == set(), path.name
        assert not re.search(r"^\s*run\s*:", text, re.MULTILINE), f"{path.name}: rules are commands"


def test_only_checked_words_reach_a_shell() -> None:
    """In a command stand paths and wildcards, and those can only be one of the known names, or numbers."""
    checked = {"preset", "experiment", "figure", "study", "shard", "shards", "folder"}
    number = 0
    for path in workflow_files():
        for command in re.findall(r"    shell:\n((?:        .*\n)+)", path.read_text(encoding="utf-8")):
            number += 1
            for word in re.findall(r"\{([^{}]+)\}", command):
                kind, _, name = word.partition(".")
                assert kind in ("wildcards", "input", "output", "log", "params", "threads", "resources"), word
                assert kind != "wildcards" or name in checked, word
                assert kind != "params" or name in ("preset", "most", "machine"), word
    assert number > 5
