"""What a command does not need it does not import."""

import subprocess
import sys
from typing import Any

import pytest

from depthtransfer.cli.main import COMMANDS, main

HEAVY = ("torch", "torchvision", "pandas", "numpy", "scipy", "pyarrow", "matplotlib", "seaborn", "sklearn", "jax")
PROBE = """
import sys
from depthtransfer.cli import main
try:
    main({words!r})
except SystemExit as end:
    assert not end.code, end.code
print("imported:", *sorted(set({heavy!r}) & sys.modules.keys()))
"""


def imported(*words: str) -> set[str]:
    code = PROBE.format(words=list(words), heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_help_imports_nothing_heavy_and_a_command_no_more_than_the_store_needs(tiny_project: Any) -> None:
    assert imported("--help") == set()
    assert imported("train", "--help") <= {"numpy", "pyarrow"}
    assert imported("plan", "figures/paper/fig1.pdf", "--no-measure") <= {"numpy", "pyarrow"}


def test_nothing_to_train_imports_no_torch(trained_project: Any) -> None:
    assert "torch" not in imported("train", "cnn_learning_rate_sp", "--preset", "tiny")


def test_tables_of_stored_runs_import_no_torch(trained_project: Any) -> None:
    assert "torch" not in imported("collect", "cnn_learning_rate_sp", "--preset", "tiny")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    listed = capsys.readouterr().out
    assert all(f"\n  {name} " in listed for name in COMMANDS)
