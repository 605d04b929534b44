"""`import depthtransfer` costs nothing and offers what readers of the papers call."""

import subprocess
import sys

import pytest

import depthtransfer


@pytest.mark.parametrize("name", depthtransfer.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    assert getattr(depthtransfer, name).__doc__
    assert name in dir(depthtransfer)


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'optimum'.*optima"):
        depthtransfer.optimum  # noqa: B018


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, depthtransfer; print([n for n in ('torch', 'numpy', 'pandas', 'jax') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
