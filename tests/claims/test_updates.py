"""The claim on feature updates, on tables whose answer is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from depthtransfer.claims import CLAIMS, Evidence, Finding, Verdict, judge
from depthtransfer.tables.columns import UPDATES

from .tables import write, write_runs

(A20,) = (claim for claim in CLAIMS if claim.id == "A20")
DEPTHS = (3, 6, 12, 24)


def finding(
    folder: Path,
    *,
    block: float = -1.0,
    together: float = 0.0,
    told: bool = True,
    noise: float = 0.02,
    seeds: int = 4,
    depths: tuple[int, ...] = DEPTHS,
    diverged: tuple[int, ...] = (),
) -> Finding:
    """Judge networks whose blocks move features by these powers of the depth."""
    rng = np.random.default_rng(0)
    rows = [
        {"scheme": "mup_sqrt_depth", "width": 16, "depth": depth, "seed": seed, "loss": 1.0}
        | {"status": "diverged" if depth in diverged else "ok"}
        for depth in depths
        for seed in range(seeds)
    ]
    runs = write_runs(pd.DataFrame(rows), folder, "cnn_updates")
    moved = []
    for run in runs.itertuples():
        for step in (0, 20):
            size = 0.0 if step == 0 else float(np.exp(noise * rng.standard_normal()))
            moved.append((run.key, step, 0, 9.0 + size))  # stem and transitions have their share in it
            moved += [(run.key, step, -1, size * run.depth**together)] if told else []
            moved += [(run.key, step, number + 1, size * run.depth**block) for number in range(run.depth)]
    table = pd.DataFrame(moved, columns=[column.name for column in UPDATES])
    write(table, folder / "cnn_updates/updates.parquet", UPDATES)
    return judge(A20, Evidence(folder))


def test_blocks_that_share_the_work(tmp_path: Path) -> None:
    found = finding(tmp_path)
    assert found.verdict is Verdict.REPRODUCED
    assert found.low < -1.0 < found.high
    assert "One block: power -1.0" in found.detail


@pytest.mark.parametrize(
    "wrong", [{"block": -0.5, "together": 0.5}, {"together": 0.5}, {"block": -0.5}, {"block": -1.5}]
)
def test_other_powers_are_found_out(wrong: dict[str, float], tmp_path: Path) -> None:
    assert finding(tmp_path, **wrong).verdict is Verdict.NOT_REPRODUCED


def test_noise_and_few_seeds_decide_nothing(tmp_path: Path) -> None:
    assert finding(tmp_path / "noise", noise=1.0).verdict is Verdict.INCONCLUSIVE
    assert finding(tmp_path / "seeds", seeds=2).verdict is Verdict.INCONCLUSIVE
    single = finding(tmp_path / "depth", depths=(3,))
    assert single.verdict is Verdict.INCONCLUSIVE
    assert "second depth" in single.missing


def test_diverged_networks_are_left_out(tmp_path: Path) -> None:
    assert finding(tmp_path, diverged=(24,)).verdict is Verdict.REPRODUCED


def test_without_tables_or_probes_it_is_not_run(tmp_path: Path) -> None:
    assert judge(A20, Evidence(tmp_path)).verdict is Verdict.NOT_RUN
    finding(tmp_path)
    write(pd.DataFrame(columns=[c.name for c in UPDATES]), tmp_path / "cnn_updates/updates.parquet", UPDATES)
    assert judge(A20, Evidence(tmp_path)).verdict is Verdict.NOT_RUN


def test_blocks_that_learn_nothing_do_not_pass_because_stem_and_transitions_learn(tmp_path: Path) -> None:
    assert finding(tmp_path, together=-1.0).verdict is Verdict.NOT_REPRODUCED


def test_runs_that_do_not_tell_the_blocks_share_decide_nothing(tmp_path: Path) -> None:
    found = finding(tmp_path, told=False)
    assert found.verdict is Verdict.NOT_RUN
    assert "probes.together" in found.missing
