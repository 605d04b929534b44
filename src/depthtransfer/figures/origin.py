"""Where a figure comes from: the record that its files carry."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal

from depthtransfer.store.keys import digest_of_keys
from depthtransfer.strict import StrictJson

if TYPE_CHECKING:
    from pandas import DataFrame

KEY_LENGTH = 12
"""Characters of a key that a record lists; the digest is of the whole keys."""

_DRAWS = ("depthtransfer", "matplotlib", "numpy")


class Maker(StrictJson):
    """Code, machine and packages that made some of the results.

    Attributes:
        commit: of the code.
        dirty: whether files differed from the commit.
        machine: processor or accelerator.
        device: cpu or cuda.
        versions: of Python and the packages that compute.
        count: how many results it made.
    """

    commit: str
    dirty: bool
    machine: str
    device: str
    versions: dict[str, str]
    count: int


class Origin(StrictJson):
    """Where an experiment's runs, or a study's solutions, come from.

    Attributes:
        keys: SHA-256 of the whole keys, sorted, one a line.
        engines: versions of what is computed.
        made_by: the makers.
        data: fingerprint and decoded form of each data set; none for solutions.
        seeds: of the runs; none for solutions.
        results: of each the beginning of its key, its seed or what was solved, and the place of its maker in `made_by`.
    """

    keys: str
    engines: list[int]
    made_by: list[Maker]
    data: dict[str, str]
    seeds: list[int]
    results: list[tuple[str, int | str, int]]


class FigureRecord(StrictJson):
    """What a figure's files say of their origin: the same wherever the same runs are drawn by the same code.

    Attributes:
        format: of this record.
        figure: name of the figure.
        preset: whose tables it shows.
        code: digest of the code that drew it; see ``figures.code_of``.
        drawn_with: versions of packages that draw.
        csv: SHA-256 of the table behind it.
        experiments: origin of the runs, by experiment.
        studies: origin of the solutions of the theory, by study.
    """

    format: Literal["depthtransfer-figure-1"] = "depthtransfer-figure-1"
    figure: str
    preset: str
    code: str
    drawn_with: dict[str, str]
    csv: str
    experiments: dict[str, Origin]
    studies: dict[str, Origin]


def record_of(
    figure: str,
    preset: str,
    *,
    code: str,
    csv: bytes,
    experiments: Mapping[str, tuple["DataFrame", "DataFrame"]],
    studies: Mapping[str, "DataFrame"],
) -> FigureRecord:
    """Return what is known of a figure's origin.

    Args:
        figure: its name.
        preset: whose tables it shows.
        code: digest of the code that draws it.
        csv: bytes of the table behind it.
        experiments: runs and their provenance by experiment; see RUNS and PROVENANCE in ``tables/columns.py``.
        studies: provenance of solutions by study; see SOLUTION_PROVENANCE.
    """
    return FigureRecord(
        figure=figure,
        preset=preset,
        code=code,
        drawn_with={name: _version(name) for name in _DRAWS},
        csv=hashlib.sha256(csv).hexdigest(),
        experiments={name: _of_runs(*tables) for name, tables in experiments.items()},
        studies={name: _of_solutions(made) for name, made in studies.items()},
    )


def _of_runs(runs: "DataFrame", made: "DataFrame") -> Origin:
    joined = runs[["key", "dataset", "seed", "device"]].merge(made, on="key", validate="one_to_one")
    joined = joined.sort_values("key", ignore_index=True)
    data = dict(sorted(set(zip(joined["dataset"], joined["data"], strict=True))))
    seeds = [int(seed) for seed in joined["seed"]]
    return _origin(joined, seeds, data=data, seeds=sorted(set(seeds)))


def _of_solutions(made: "DataFrame") -> Origin:
    shown = made.groupby("key")["solution"].agg(lambda texts: "; ".join(sorted(set(texts))))
    joined = made.drop_duplicates("key").sort_values("key", ignore_index=True)
    joined = joined.assign(solution=joined["key"].map(shown))
    return _origin(joined.assign(device="cpu"), list(joined["solution"]), data={}, seeds=[])


def _origin(joined: "DataFrame", shown: list[Any], *, data: dict[str, str], seeds: list[int]) -> Origin:
    columns = (joined[name] for name in ("commit", "machine", "device", "versions"))
    each: list[tuple[str, str, str, str]] = list(zip(*columns, strict=True))
    makers = sorted(set(each))
    return Origin(
        keys=digest_of_keys(set(joined["key"])),
        engines=sorted(int(engine) for engine in joined["engine"].unique()),
        made_by=[
            Maker(
                commit=commit.removesuffix("+dirty"),
                dirty=commit.endswith("+dirty"),
                machine=machine,
                device=device,
                versions=json.loads(versions),
                count=each.count((commit, machine, device, versions)),
            )
            for commit, machine, device, versions in makers
        ],
        data=data,
        seeds=seeds,
        results=[
            (key[:KEY_LENGTH], what, makers.index(maker))
            for key, what, maker in zip(joined["key"], shown, each, strict=True)
        ],
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
