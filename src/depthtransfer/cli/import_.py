"""`depthtransfer import`: an archive of runs and solutions, verified and kept as a layer of the store."""

import argparse
from pathlib import Path

from depthtransfer.store.deposit import keep
from depthtransfer.store.store import IMPORTED, warn
from depthtransfer.studies.solution import ENGINE
from depthtransfer.sweeps.spec import ENGINE_VERSION


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("file", type=Path, nargs="+", help="an archive that depthtransfer export wrote")


def run(arguments: argparse.Namespace) -> int:
    """Verify each archive from its directory to its last record, then put it into results/imported.

    Raises:
        StoreError: if an archive is not what it says; nothing is written of it.
    """
    for file in arguments.file:
        kept, manifest = keep(file, IMPORTED)
        counts = f"{manifest.count('runs')} runs and {manifest.count('solutions')} solutions"
        print(f"{kept}: {counts} of the preset {manifest.preset}, verified; every command finds them there")
        for folder, engine in (("runs", ENGINE_VERSION), ("solutions", ENGINE)):
            if other := sorted(manifest.engines(folder) - {engine}):
                warn(f"{kept}: {folder} of engine {', '.join(map(str, other))} are not used, this is engine {engine}")
    return 0
