"""`depthtransfer export`: stored runs and solutions of a preset in one file."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.configuration import DEFAULT_PRESET, load_preset, load_theory, results_folder, theory_of
from depthtransfer.errors import ConfigurationError, StoreError
from depthtransfer.files import write_atomic
from depthtransfer.registry import STUDIES
from depthtransfer.store.deposit import FOLDERS, write_deposit
from depthtransfer.store.records import encode
from depthtransfer.store.store import Store
from depthtransfer.studies.plan import solutions
from depthtransfer.sweeps.refinement import load_refined

if TYPE_CHECKING:
    from depthtransfer.store.records import Record
    from depthtransfer.store.store import Store

_PACK = ".parquet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("name", nargs="*", help="experiments and studies of the theory (default: all of the preset)")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="whose results (default: %(default)s)")
    parser.add_argument(
        "--output",
        type=Path,
        help="an archive, .zip (default: results/PRESET/deposit.zip); or of one experiment or study a pack, .parquet",
    )


def run(arguments: argparse.Namespace) -> int:
    """Read and verify every run and solution and write them as one archive, or as one pack.

    Raises:
        StoreError: if a result is missing or damaged.
    """
    experiments, studies = _chosen(arguments.preset, arguments.name)
    output = arguments.output or results_folder(arguments.preset) / "deposit.zip"
    packs = _packs(arguments.preset, experiments, studies)
    if output.suffix == _PACK:
        if len(experiments) + len(studies) != 1:
            raise ConfigurationError(f"{output} is one pack", "name one experiment or study, or write a .zip")
        _write_pack(output, *next(packs))
        return 0
    if output.suffix != ".zip":
        raise ConfigurationError(f"--output {output}", "end it with .zip, or with .parquet for one pack")

    manifest = write_deposit(output, arguments.preset, packs)
    counts = f"{manifest.count('runs')} runs and {manifest.count('solutions')} solutions"
    print(f"{output}: {counts} in {len(manifest.packs)} packs, {output.stat().st_size / 1e6:.1f} MB")
    return 0


def _chosen(preset: str, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Experiments and studies that were asked for, in the preset's order."""
    experiments = list(load_preset(preset).experiments)
    studies = list(STUDIES) if theory_of(preset) else []
    if unknown := sorted(set(names) - {*experiments, *studies}):
        known = ", ".join([*experiments, *studies])
        raise ConfigurationError(f"the preset {preset} has no {', '.join(unknown)}", f"choose among {known}")
    chosen = set(names) or {*experiments, *studies}
    return [name for name in experiments if name in chosen], [name for name in studies if name in chosen]


def _packs(
    preset: str, experiments: Sequence[str], studies: Sequence[str]
) -> "Iterator[tuple[str, str, list[Record]]]":
    """Folder, name and records of each pack."""
    for name in experiments:
        keys = [request.spec.key for request in load_refined(preset, name).requests]
        yield "runs", name, _stored(Store.default(), keys, f"train {name} --preset {preset}")
    for name in studies:
        asked = dict.fromkeys(each.key for each in solutions(load_theory(preset), name))
        yield "solutions", name, _stored(Store.of_solutions(), list(asked), f"study {name} --preset {preset}")


def _stored(store: "Store", keys: Sequence[str], command: str) -> "list[Record]":
    records = store.read(keys)
    if missing := len(keys) - len(records):
        raise StoreError(
            f"{missing} of {len(keys)} {store.layout.noun}s are not stored", f"run: depthtransfer {command}"
        )
    return [record for record, _ in records.values()]


def _write_pack(output: Path, folder: str, name: str, records: "Sequence[Record]") -> None:
    content = encode(records, FOLDERS[folder])
    write_atomic(output, content)
    print(f"{output}: {len(records)} {folder} of {name}, {len(content) / 1e6:.1f} MB")
