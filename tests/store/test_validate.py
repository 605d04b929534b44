"""What a record must say; each change of a sound one is named."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.store.records import RUN, SOLUTION, Record, decode
from depthtransfer.store.store import Store
from depthtransfer.store.validate import flaw

ROOT = Path(__file__).parents[2]
NAN, INF = float("nan"), float("inf")
MADE = {"seconds": 0.1, "finished": "now", "commit": "unknown", "machine": "m", "versions": {"python": "3"}}
SOUND = Record(
    specification={"steps": 3, "probe_steps": [0, 3], "probe_images": 2},
    summary={"status": "ok", "diverged_step": None, "device": "cpu", "probe_steps": [0, 3]},
    provenance=MADE,
    series={"loss": [3.0, 2.0, 1.0], "accuracy": [0.1, 0.5, 0.5], "learning_rate_factor": [1.0, 1.0, 1.0]},
    logits=[0.5] * (2 * 2 * 10),
)
DIVERGED = Record(
    specification={"steps": 9},
    summary={"status": "diverged", "diverged_step": 1, "device": "cuda"},
    provenance=MADE,
    series={"loss": [3.0, NAN], "accuracy": [0.1, 0.0], "learning_rate_factor": [1.0, 1.0]},
)
LOOKED_INTO = Record(
    specification={"steps": 3, "depth": 2, "probe_steps": [0, 3], "probe_images": 2, "probe_blocks": True},
    summary={**SOUND.summary, "updates": [0.0, 0.0, 0.0, 0.5, None, 0.25]},
    provenance=MADE,
    series=SOUND.series,
    logits=SOUND.logits,
)
STREAMED = Record(
    specification={"steps": 3, "depth": 8, "probe_steps": [0, 3], "probe_images": 2, "probe_streams": True},
    summary={**SOUND.summary, "stream_distances": [0.1, 0.2, 0.1, None]},
    provenance=MADE,
    series=SOUND.series,
    logits=SOUND.logits,
)
SOLVED = Record(
    specification={},
    summary={"status": "ok", "diverged_step": None, "left_out": 0},
    provenance=MADE,
    series={"learning_rate": [0.1, 0.1], "value": [1.0, 2.0], "tau": [NAN, 0.5]},
)


def test_sound_records() -> None:
    assert [flaw(record, RUN) for record in (SOUND, DIVERGED, LOOKED_INTO, STREAMED)] == [None] * 4
    assert flaw(SOLVED, SOLUTION) is None
    assert flaw(replace(SOUND, summary=SOUND.summary | {"probe_steps": [0]}), RUN) is None, "diverged before the last"


def test_what_is_committed_is_sound() -> None:
    for folder, layout in (("committed", RUN), ("committed-solutions", SOLUTION)):
        records = [
            r for pack in sorted((ROOT / "results" / folder).glob("*.parquet")) for r in decode(pack, layout=layout)
        ]
        assert records
        assert {flaw(record, layout) for record in records} == {None}


def summary(record: Record, **changes: Any) -> Record:
    return replace(record, summary=record.summary | changes)


def provenance(**changes: Any) -> Record:
    return replace(SOUND, provenance=MADE | changes)


def series(record: Record, **changes: Any) -> Record:
    return replace(record, series={**record.series, **changes})


UNSOUND_RUNS = {
    "no updates": (summary(LOOKED_INTO, updates=None), "updates of 2 blocks are None"),
    "updates of fewer blocks": (summary(LOOKED_INTO, updates=[0.0] * 4), "updates of 2 blocks"),
    "a negative update": (summary(LOOKED_INTO, updates=[-1.0] * 6), "updates of blocks are no sizes"),
    "updates nobody asked for": (summary(SOUND, updates=[0.0] * 6), "not asked for"),
    "distances nobody asked for": (summary(SOUND, stream_distances=[0.0] * 2), "not asked for"),
    "no distances": (summary(STREAMED, stream_distances=None), "distances of streams at 2 steps are None"),
    "distances at one step alone": (summary(STREAMED, stream_distances=[0.1] * 3), "distances of streams"),
    "a negative distance": (summary(STREAMED, stream_distances=[0.1, -0.1]), "no sizes"),
    "a status of its own": (summary(SOUND, status="fine"), "status is 'fine'"),
    "no status": (summary(SOUND, status=None), "status is None"),
    "no device": (summary(SOUND, device=None), "device is None"),
    "half a character": (provenance(machine="\ud800"), "machine = "),
    "ok and diverged": (summary(SOUND, diverged_step=2), "ok and diverged at step 2"),
    "too short": (replace(SOUND, specification={**SOUND.specification, "steps": 4}), "3 steps of 4"),
    "diverged elsewhere": (summary(DIVERGED, diverged_step=0), "diverged at step 0 and has 2 steps"),
    "a loss that is no number": (series(SOUND, loss=[3.0, NAN, 1.0]), "loss is not finite although it is ok"),
    "an infinite rate": (series(SOUND, learning_rate_factor=[1.0, INF, 1.0]), "learning_rate_factor is not finite"),
    "diverged before": (series(DIVERGED, loss=[INF, NAN]), "loss is not finite although it is diverged"),
    "no logits": (replace(SOUND, logits=[]), "0 logits of 2 images at 2 steps"),
    "logits that nobody asked for": (summary(SOUND, probe_steps=[]), "40 logits of 2 images at 0 steps"),
    "logits of no images": (replace(SOUND, specification={"steps": 3}), "40 logits of 0 images"),
    "probes at a step beyond counting": (summary(SOUND, probe_steps=[0, 2**64]), "probe_steps are [0, 184467"),
    "endless seconds": (provenance(seconds=INF), "seconds = inf"),
    "no commit": (provenance(commit=None), "commit = None"),
    "versions that are numbers": (provenance(versions={"python": 3}), "versions = {'python': 3}"),
}
UNSOUND_SOLUTIONS = {
    "a status of its own": (summary(SOLVED, status=1), "status is 1"),
    "diverged at no update": (summary(SOLVED, diverged_step="1"), "diverged at update '1'"),
    "nothing said of values left out": (summary(SOLVED, left_out=None), "None of its values are left out"),
    "a value that is no number": (series(SOLVED, value=[1.0, NAN]), "value is not finite"),
}


@pytest.mark.parametrize("what", UNSOUND_RUNS)
def test_unsound_runs_are_named(what: str) -> None:
    record, said = UNSOUND_RUNS[what]
    assert said in str(flaw(record, RUN))


@pytest.mark.parametrize("what", UNSOUND_SOLUTIONS)
def test_unsound_solutions_are_named(what: str) -> None:
    record, said = UNSOUND_SOLUTIONS[what]
    assert said in str(flaw(record, SOLUTION))


def test_an_unsound_run_is_set_aside_although_its_checksum_and_key_are_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(local=tmp_path, layers=())
    wrong = series(SOUND, loss=[3.0, NAN, 1.0])
    store.write(wrong)
    assert store.read([wrong.key]) == {}
    assert store.missing([wrong.key]) == [wrong.key]
    (line,) = capsys.readouterr().err.splitlines()
    assert "its loss is not finite although it is ok: set aside as" in line
