"""What no linter sees: only checked words reach a shell."""

import re
from pathlib import Path

from .test_layout import repository_files


def workflow_files() -> list[Path]:
    return [path for path in repository_files() if path.name == "Snakefile" or path.suffix == ".smk"]


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
