"""The prices in the documentation are those that the command prints."""

import re
from pathlib import Path

import pytest

from depthtransfer.cli import main

ROOT = Path(__file__).parents[2]


def test_documented_prices_are_those_of_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs/prices.md").read_text(encoding="utf-8")
    found = re.search(
        r"`depthtransfer (plan [^`]*--price-list[^`]*)` prints it:\n\n<!-- begin -->\n(.*)<!-- end -->", text, re.DOTALL
    )
    assert found is not None
    assert main(found[1].split()) == 0
    assert capsys.readouterr().out == found[2]
