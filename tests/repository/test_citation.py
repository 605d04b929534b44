"""How to cite: CITATION.cff and .zenodo.json are well formed and say what the package says of itself."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import depthtransfer
from depthtransfer.store.deposit import LICENCE

ROOT = Path(__file__).parents[2]

PAPERS = {
    "2309.16620": ["Bordelon", "Noci", "Li", "Hanin", "Pehlevan"],
    "2310.02244": ["Yang", "Yu", "Zhu", "Hayou"],
}

# The part of the Citation File Format's schema, version 1.2.0, that these files use.
PERSON = {
    "type": "object",
    "additionalProperties": False,
    "required": ["family-names", "given-names"],
    "properties": {name: {"type": "string", "minLength": 1} for name in ("family-names", "given-names")},
}
ENTITY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {"name": {"type": "string", "minLength": 1}},
}
AUTHORS = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"anyOf": [PERSON, ENTITY]}}
DOI = {"type": "string", "pattern": r"^10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-\.\(\)\[\]\\]+$"}
IDENTIFIER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "value"],
    "properties": {
        "type": {"enum": ["doi", "other", "swh", "url"]},
        "value": {"type": "string", "minLength": 1},
        "description": {"type": "string", "minLength": 1},
    },
}
REFERENCE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "title", "authors"],
    "properties": {
        "type": {"const": "article"},
        "title": {"type": "string", "minLength": 1},
        "authors": AUTHORS,
        "year": {"type": "integer"},
        "journal": {"type": "string"},
        "doi": DOI,
        "identifiers": {"type": "array", "minItems": 1, "items": IDENTIFIER},
    },
}
CITATION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cff-version", "message", "title", "authors"],
    "properties": {
        "cff-version": {"const": "1.2.0"},
        "message": {"type": "string", "minLength": 1},
        "type": {"enum": ["software", "dataset"]},
        "title": {"type": "string", "minLength": 1},
        "abstract": {"type": "string", "minLength": 1},
        "version": {"type": "string"},
        "license": {"const": "MIT"},
        "authors": AUTHORS,
        "keywords": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "references": {"type": "array", "items": REFERENCE},
    },
}

# The part of Zenodo's metadata that this file uses, as its documentation for developers lists it.
RELATED = {
    "type": "object",
    "additionalProperties": False,
    "required": ["identifier", "relation"],
    "properties": {
        "identifier": {"type": "string", "pattern": r"^(arXiv:\d{4}\.\d{5}|10\.\d{4,9}/\S+|https://\S+)$"},
        "scheme": {"enum": ["arxiv", "doi", "url"]},
        "relation": {"enum": ["isSupplementTo", "isSupplementedBy", "references", "cites", "isDerivedFrom"]},
        "resource_type": {"enum": ["publication-preprint", "publication-article", "software", "dataset"]},
    },
}
DEPOSIT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["upload_type", "title", "creators", "description", "access_right", "license"],
    "properties": {
        "upload_type": {"enum": ["software", "dataset"]},
        "title": {"type": "string", "minLength": 3},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
        "description": {"type": "string", "minLength": 3},
        "creators": {"type": "array", "minItems": 1, "items": ENTITY},
        "license": {"const": "MIT"},
        "access_right": {"const": "open"},
        "keywords": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "related_identifiers": {"type": "array", "items": RELATED},
    },
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


def test_the_citation_file_is_valid(citation: dict[str, Any]) -> None:
    jsonschema.validate(citation, CITATION)


def test_the_deposit_file_is_valid(deposit: dict[str, Any]) -> None:
    jsonschema.validate(deposit, DEPOSIT)


def test_the_licence_of_archives_is_the_projects(citation: dict[str, Any]) -> None:
    assert citation["license"] == LICENCE


def test_the_version_is_the_same_everywhere(
    citation: dict[str, Any], deposit: dict[str, Any], project: dict[str, Any]
) -> None:
    assert {citation["version"], deposit["version"], project["version"]} == {depthtransfer.__version__}


def test_name_authors_license_and_keywords_are_the_same_everywhere(
    citation: dict[str, Any], deposit: dict[str, Any], project: dict[str, Any]
) -> None:
    assert citation["title"] == project["name"]
    assert deposit["title"].startswith(f"{project['name']}:")
    assert citation["authors"] == deposit["creators"] == project["authors"]
    assert citation["license"] == deposit["license"] == project["license"]
    assert citation["keywords"] == deposit["keywords"] == project["keywords"]


def test_the_deposit_is_open_software(deposit: dict[str, Any]) -> None:
    assert (deposit["upload_type"], deposit["access_right"]) == ("software", "open")
    assert deposit["description"]


def test_both_papers_are_cited(citation: dict[str, Any], deposit: dict[str, Any]) -> None:
    cited = {
        reference["doi"].removeprefix("10.48550/arXiv."): [a["family-names"] for a in reference["authors"]]
        for reference in citation["references"]
    }
    assert cited == PAPERS
    values = [r["identifiers"][0]["value"] for r in citation["references"]]
    assert values == [f"arXiv:{number}" for number in PAPERS]
    assert [r["identifier"] for r in deposit["related_identifiers"]] == values
