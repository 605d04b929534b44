"""How to cite: CITATION.cff and .zenodo.json say what the package says of itself (.ci/run checks the schema)."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import depthtransfer
from depthtransfer.store.deposit import LICENCE

ROOT = Path(__file__).parents[2]

PAPERS = {
    "2309.16620": ["Bordelon", "Noci", "Li", "Hanin", "Pehlevan"],
    "2310.02244": ["Yang", "Yu", "Zhu", "Hayou"],
}


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def deposit() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return read


def test_all_files_say_the_same(citation: dict[str, Any], deposit: dict[str, Any], project: dict[str, Any]) -> None:
    assert {citation["version"], deposit["version"], project["version"]} == {depthtransfer.__version__}
    assert citation["title"] == project["name"]
    assert deposit["title"].startswith(f"{project['name']}:")
    assert citation["authors"] == deposit["creators"] == project["authors"]
    assert citation["license"] == deposit["license"] == project["license"] == LICENCE
    assert citation["keywords"] == deposit["keywords"] == project["keywords"]


def test_both_papers_are_cited(citation: dict[str, Any], deposit: dict[str, Any]) -> None:
    cited = {
        reference["doi"].removeprefix("10.48550/arXiv."): [a["family-names"] for a in reference["authors"]]
        for reference in citation["references"]
    }
    assert cited == PAPERS
    values = [r["identifiers"][0]["value"] for r in citation["references"]]
    assert values == [f"arXiv:{number}" for number in PAPERS]
    assert [r["identifier"] for r in deposit["related_identifiers"]] == values
