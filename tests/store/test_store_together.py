"""Several processes write, read, damage and read again the same runs; nothing is lost, halved or left behind."""

import json
import subprocess
import sys
from pathlib import Path

from tests.store.test_store import record

from depthtransfer.store.store import Store

ROUNDS = 15
RUNS = 4

PROGRAM = """
import json, random, sys, time
from pathlib import Path
from depthtransfer.store.store import Store
from tests.store.test_store import record

folder, role, seed, rounds, runs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
store, random = Store(local=folder, layers=()), random.Random(seed)
wanted = [record(f"run {number}", float(number)) for number in range(runs)]
print("ready", flush=True)
sys.stdin.readline()
seen = set()
for _ in range(rounds):
    run = random.choice(wanted)
    if role == "writer":
        store.write(run)
    elif role == "vandal":
        path = store.path(run.key)
        if path.exists():
            half = path.with_name(f"vandal-{seed}")
            half.write_bytes(path.read_bytes()[: random.randrange(2000)])
            half.replace(path)
    for key, (read, layer) in store.read([one.key for one in wanted]).items():
        assert read.series["loss"] == [float(read.specification["name"].split()[1])], "a run that nobody wrote"
        seen.add(key)
print(json.dumps(len(seen)))
"""


def together(folder: Path, roles: list[str]) -> list[int]:
    """Start a process for each role, let all begin at once, and return how many runs each has seen."""
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    started = [
        subprocess.Popen(
            [*command, role, str(seed), str(ROUNDS), str(RUNS)],
            cwd=Path(__file__).parents[2],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for seed, role in enumerate(roles)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    counts = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
        counts.append(json.loads(output))
    return counts


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_damage_while_others_write_and_read(tmp_path: Path) -> None:
    """Damaged files are set aside, each once; an intact run is never lost to somebody who read a damaged one."""
    together(tmp_path, ["writer", "vandal", "reader", "writer"])
    store = Store(local=tmp_path, layers=())
    keys = {record(f"run {number}").key for number in range(RUNS)}
    store.read(keys)
    for path in tmp_path.rglob("*"):
        if path.is_file() and ".damaged-" in path.name:
            assert list(Store(local=tmp_path / "none", layers=(path,)).missing(keys)), "what was set aside is damaged"
    left = [name for name in names(tmp_path) if ".damaged-" not in name]
    assert {name.removesuffix(".parquet") for name in left} <= keys, "no file is left half-written"
