"""`import depthtransfer` costs nothing and offers what readers of the papers call."""

import pytest

import depthtransfer


@pytest.mark.parametrize("name", depthtransfer.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    assert getattr(depthtransfer, name).__doc__
    assert name in dir(depthtransfer)


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'optimum'.*optima"):
        depthtransfer.optimum  # noqa: B018
