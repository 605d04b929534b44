""".ci/audit_dependencies.py tells what is well from what was not looked up, and never waits for ever."""

import importlib.util
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit_dependencies", ROOT / ".ci" / "audit_dependencies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WELL: dict[str, Any] = {"name": "a", "version": "1", "vulns": []}
ILL = WELL | {"vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2"], "description": ""}]}
UNKNOWN = {"name": "a", "skip_reason": "not found"}


def test_what_was_found_fails_and_is_named(audit: ModuleType) -> None:
    code, lines = audit.verdict({"dependencies": [ILL, WELL]})
    assert code == 1
    assert lines == ["a 1: PYSEC-1, repaired in 2", "2 of 2 packages looked up, 1 known vulnerabilities"]


@pytest.mark.parametrize("ignored", ["PYSEC-1", "CVE-1"])
def test_what_is_ignored_by_name_passes(audit: ModuleType, ignored: str) -> None:
    assert audit.verdict({"dependencies": [ILL]}, [ignored])[0] == 0
    assert audit.verdict({"dependencies": [ILL]}, ["other"])[0] == 1


def test_what_was_not_looked_up_is_not_called_well(audit: ModuleType) -> None:
    assert audit.verdict({"dependencies": [WELL, UNKNOWN]}) == (
        0,
        ["1 of 2 packages looked up, 0 known vulnerabilities"],
    )
    code, (line,) = audit.verdict({"dependencies": [UNKNOWN, UNKNOWN]})
    assert code == 0
    assert line.startswith("skipped")


def test_a_service_that_does_not_answer_is_skipped_in_time(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = tmp_path / "uv"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(audit.shutil, "which", lambda *_, **__: str(slow))
    monkeypatch.setattr(audit, "PATIENCE", 0.2)
    begun = time.monotonic()
    assert audit.main(ROOT / "requirements.lock", []) == 0
    assert time.monotonic() - begun < 30
    assert capsys.readouterr().out.splitlines()[-1].startswith("dependencies were NOT audited")


@pytest.mark.parametrize("report", [None, {"dependencies": [UNKNOWN]}])
def test_another_service_is_asked_when_one_knows_nothing(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], report: Any
) -> None:
    answers = iter([report, {"dependencies": [ILL]}])
    monkeypatch.setattr(audit, "ask", lambda *_: next(answers))
    assert audit.main(Path("x"), []) == 1
    assert "PYSEC-1" in capsys.readouterr().out
