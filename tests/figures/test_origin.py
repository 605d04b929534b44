import pandas as pd

from depthtransfer.figures.origin import record_of
from depthtransfer.store.keys import digest_of_keys

KEYS = [letter * 64 for letter in "dacb"]
RUNS = pd.DataFrame({"key": KEYS, "dataset": "digits", "seed": [1, 0, 0, 1], "device": "cpu", "loss": 0.5})
MADE = pd.DataFrame(
    {
        "key": KEYS,
        "seconds": 1.0,
        "data": "sha256:0/1x8x8",
        "finished": ["later", "now", "now", "now"],
        "layer": "local",
        "engine": 1,
        "commit": ["two+dirty", "one", "one", "one"],
        "machine": "m",
        "versions": '{"numpy":"2"}',
    }
)
SOLVED = MADE.drop(columns="data").assign(solution="a solution")


def made(runs: pd.DataFrame = RUNS, origin: pd.DataFrame = MADE, solved: pd.DataFrame = SOLVED) -> object:
    return record_of("fig1", "smoke", code="c", csv=b"a,b\n", experiments={"e": (runs, origin)}, studies={"s": solved})


def test_every_run_is_listed_with_its_seed_and_its_maker() -> None:
    origin = made().experiments["e"]
    assert [(maker.commit, maker.dirty, maker.count) for maker in origin.made_by] == [
        ("one", False, 3),
        ("two", True, 1),
    ]
    assert origin.results == [("a" * 12, 0, 0), ("b" * 12, 1, 0), ("c" * 12, 0, 0), ("d" * 12, 1, 1)]
    assert origin.seeds == [0, 1]
    assert origin.data == {"digits": "sha256:0/1x8x8"}
    assert origin.engines == [1]
    assert origin.keys == digest_of_keys(KEYS)
    assert origin.made_by[0].versions == {"numpy": "2"}


def test_every_solution_is_listed_with_what_was_solved() -> None:
    origin = made(solved=pd.concat([SOLVED, SOLVED.assign(solution="again")])).studies["s"]
    assert origin.results[0] == ("a" * 12, "a solution; again", 0)
    assert len(origin.results) == 4, "a solution that two parts show is one"
    assert (origin.seeds, origin.data) == ([], {})


def test_time_place_and_order_leave_no_trace() -> None:
    elsewhere = MADE.assign(finished="tomorrow", layer="a.parquet", seconds=9.0)
    assert made(RUNS[::-1], elsewhere, SOLVED[::-1].assign(layer="b", finished="")) == made()


def test_another_run_leaves_a_trace() -> None:
    assert made(RUNS.replace(KEYS[0], "e" * 64), MADE.replace(KEYS[0], "e" * 64)) != made()
    assert made(origin=MADE.assign(engine=2)) != made()
