"""Look up every package of a lock file in a database of known vulnerabilities, where one can be reached.

Usage: audit_dependencies.py REQUIREMENTS [IDENTIFIER_TO_IGNORE ...]

Exit codes: 0 nothing was found, or nothing could be looked up (the last line says which), 1 something was found.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

AUDITOR = "pip-audit==2.10.1"
SERVICES = ("osv", "pypi")
PATIENCE = 120  # seconds for one service


def verdict(report: Any, ignored: Sequence[str] = ()) -> tuple[int, list[str]]:
    """Exit code and lines for a report of pip-audit; a package that was not looked up is not one that is well."""
    packages = report["dependencies"]
    looked_up = [package for package in packages if "skip_reason" not in package]
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}, repaired in {', '.join(flaw['fix_versions']) or 'none'}"
        for package in looked_up
        for flaw in package["vulns"]
        if not {flaw["id"], *flaw.get("aliases", ())} & set(ignored)
    ]
    if not looked_up:
        return 0, ["skipped: the service knows none of the packages"]
    count = f"{len(looked_up)} of {len(packages)} packages looked up"
    return int(bool(found)), [*found, f"{count}, {len(found)} known vulnerabilities"]


def ask(service: str, requirements: Path) -> Any:
    """Report of pip-audit, or None if the service or the auditor itself cannot be reached in time."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "report.json"
        command = [
            *(uv, "tool", "run", "--quiet", "--from", AUDITOR, "pip-audit", "--requirement", str(requirements)),
            *("--no-deps", "--disable-pip", "--vulnerability-service", service, "--timeout", "10"),
            *("--progress-spinner", "off", "--format", "json", "--output", str(output)),
        ]
        try:
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=PATIENCE)
            return json.loads(output.read_text(encoding="utf-8"))
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None


def main(requirements: Path, ignored: Sequence[str]) -> int:
    """Ask one service after the other until one knows the packages."""
    for service in SERVICES:
        report = ask(service, requirements)
        if report is None:
            print(f"{service}: skipped: it cannot be reached")
            continue
        code, lines = verdict(report, ignored)
        print(*(f"{service}: {line}" for line in lines), sep="\n")
        if not lines[-1].startswith("skipped"):
            return code
    print("dependencies were NOT audited: no database of vulnerabilities can be reached from here")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
