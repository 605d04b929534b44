"""Archives of invented runs and solutions, sound and forged."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from depthtransfer.store.deposit import Manifest, write_deposit
from depthtransfer.store.records import SOLUTION, Record

Members = dict[str, bytes]

MADE = {"seconds": 1.0, "finished": "2026-01-01T00:00:00+00:00", "commit": "0" * 40, "machine": "m", "versions": {}}


def run(name: str) -> Record:
    return Record(
        {"engine": 1, "name": name, "steps": 1},
        {"status": "ok", "diverged_step": None, "device": "cpu"},
        MADE,
        {"loss": (1.0,), "accuracy": (0.5,), "learning_rate_factor": (1.0,)},
    )


def solution(name: str) -> Record:
    whole = {"updates", "mu", "nu"}
    series = {each: ["f" if each == "quantity" else 0 if each in whole else 0.5] for each, _ in SOLUTION.series}
    return Record({"engine": 1, "name": name}, {"status": "ok", "diverged_step": None, "left_out": 0}, MADE, series)


A, B, C = map(run, "abc")
S = solution("s")


def write(path: Path) -> Manifest:
    """An archive of three runs in two packs and one solution."""
    return write_deposit(path, "tiny", [("runs", "one", [A, B]), ("runs", "two", [C]), ("solutions", "fig6", [S])])


def members(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, content: Members, change: Callable[[zipfile.ZipInfo], None] | None = None) -> None:
    """Write a zip of these members; `change` may forge the entry of each."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            member = zipfile.ZipInfo(name)
            if change is not None:
                change(member)
            archive.writestr(member, data)


def change_manifest(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite the manifest of an archive and leave the rest."""
    content = members(path)
    manifest = json.loads(content["manifest.json"])
    change(manifest)
    rewrite(path, content | {"manifest.json": json.dumps(manifest).encode()})


def replace_pack(path: Path, name: str, data: bytes) -> None:
    """Put another pack into an archive, with checksum and size to match."""
    rewrite(path, members(path) | {name: data})

    def agree(manifest: dict[str, Any]) -> None:
        for pack in manifest["packs"]:
            if pack["path"] == name:
                pack |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    change_manifest(path, agree)
