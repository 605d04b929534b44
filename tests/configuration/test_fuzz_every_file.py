"""What test_fuzz.py says of presets, for the other files; and files that are made to take all memory or time."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.configuration.test_fuzz import TOKENS, VALUES, refusal

from depthtransfer.configuration import load_experiment, load_theory
from depthtransfer.configuration.machines import load_machines
from depthtransfer.data import load_declarations
from depthtransfer.errors import ConfigurationError
from depthtransfer.pricing.machines import machine
from depthtransfer.registry import STUDIES
from depthtransfer.strict import read_yaml
from depthtransfer.studies.plan import solutions
from depthtransfer.sweeps.grid import load_runs

ROOT = Path(__file__).parents[2]
DEADLINE = 20_000
"""Milliseconds for one file, on a machine that has much else to do; most take a few."""
QUICK = settings(
    max_examples=700,
    deadline=DEADLINE,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HOSTILE = VALUES | st.sampled_from(
    [
        list(range(1, 1001)),
        [10**9],
        [2.0**1000],
        {"log10": [-300, 300, 0.601]},
        [[1.0]],
        "../../x",
        "a\nb",
        "$(touch x)",
    ]
)


def read_experiment(config: Path) -> None:
    experiment = load_experiment("mine", config)
    preset = config / "presets/mine.yaml"
    grid = {"widths": [4], "depths": [3], "seeds": [0], "values": {"learning_rate": [0.1], "momentum": [0.5]}}
    content = {**grid, "steps": 3, "window": 1, "batch_size": 4, "dataset": "digits"}
    preset.write_text(yaml.safe_dump({"title": "mine", "experiments": {"mine": [content]}}))
    assert len(load_runs("mine", "mine", config).requests) == len(experiment.schemes)


def read_theory(config: Path) -> None:
    scale = load_theory("mine", config)
    for study in STUDIES:
        solutions(scale, study)


def read_datasets(config: Path) -> None:
    load_declarations(config / "mine/datasets.yaml")


def read_machines(config: Path) -> None:
    shutil.copy(config / "mine/machines.yaml", config / "machines.yaml")
    for name in load_machines(config).gpus:
        machine(name, config)


FILES: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "experiment": ("experiments/cnn_momentum.yaml", "experiments/mine.yaml", read_experiment),
    "theory": ("theory/smoke.yaml", "theory/mine.yaml", read_theory),
    "datasets": ("datasets.yaml", "mine/datasets.yaml", read_datasets),
    "machines": ("machines.yaml", "mine/machines.yaml", read_machines),
}


@pytest.fixture(params=FILES)
def kind(request: pytest.FixtureRequest, config: Path) -> tuple[Path, Any, Callable[[], None]]:
    """A file, a valid content of it, and what reads it."""
    model, mine, read = FILES[request.param]
    path = config / mine
    path.parent.mkdir(exist_ok=True)
    return path, yaml.safe_load((config / model).read_text()), lambda: read(config)


def survives(read: Callable[[], None]) -> None:
    """Reading succeeds, or ends in one line that says what would be right."""
    error = refusal(read)
    assert error is None or (error.remedy and "\n" not in str(error))


def test_what_is_changed_was_valid(kind: Any) -> None:
    path, content, read = kind
    path.write_text(yaml.safe_dump(content))
    read()


@QUICK
@given(text=st.lists(st.sampled_from(TOKENS), max_size=14).map("".join) | st.binary(max_size=40))
def test_arbitrary_files(kind: Any, text: str | bytes) -> None:
    path, _, read = kind
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    survives(read)


def places(content: Any) -> list[tuple[Any, ...]]:
    """Where something stands in a nested content: keys and indices from the top."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [place for key, part in inner for place in [(key,), *((key, *below) for below in places(part))]]


@QUICK
@given(data=st.data())
def test_arbitrary_values_anywhere(kind: Any, data: st.DataObject) -> None:
    path, content, read = kind
    changed = deepcopy(content)
    for _ in range(data.draw(st.integers(1, 2))):
        there = places(changed)
        if not there:
            break
        *above, last = data.draw(st.sampled_from(there))
        part = changed
        for key in above:
            part = part[key]
        if data.draw(st.booleans()) or not isinstance(part, dict):
            part[last] = deepcopy(data.draw(HOSTILE))
        elif data.draw(st.booleans()):
            del part[last]
        else:
            part[data.draw(st.sampled_from(["mine", "other", "options", "label", "path", "<<", ""]))] = part.pop(last)
    try:
        path.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
    except (UnicodeEncodeError, ValueError):
        return
    survives(read)


BOMBS = {
    "laughs": "title: [&a [x, x], "
    + ", ".join(f"&{n} [{', '.join([f'*{p}'] * 8)}]" for p, n in pairwise("abcdefghijklmnopqrst"))
    + "]\n",
    "a merge of itself": "a: &a\n  <<: *a\n",
    "nested lists": "a: " + "[" * 90_000,
    "nested mappings": "a: " + "{a: " * 22_000,
    "nested blocks": "- " * 45_000,
    "a long list": "title: [" + "1," * 45_000 + "]",
    "many keys": "".join(f"k{n}: 1\n" for n in range(10_000)),
    "a long integer": "title: 0x" + "f" * 90_000,
    "a long integer in base 60": "title: 1" + ":1" * 40_000,
    "a long text": "other: " + "x" * 90_000,
    "an integer as key": "0x" + "f" * 9000 + ": 1",
    "too long": "title: " + "x" * 200_000,
    "a sparse giant": "",
}


READ = """
import resource, sys, time
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
from depthtransfer.configuration import load_experiment, load_preset, load_theory
from depthtransfer.data import load_declarations
from depthtransfer.errors import ConfigurationError
config, began = Path(sys.argv[1]), time.process_time()
for path in sorted(config.rglob("bomb*.yaml")):
    name, load = path.stem, {"presets": load_preset, "experiments": load_experiment, "theory": load_theory}
    try:
        load[path.parent.name](name, config) if path.parent.name in load else load_declarations(path)
    except ConfigurationError as error:
        assert "\\n" not in str(error) and len(str(error)) < 3000, str(error)[:200]
    else:
        sys.exit(f"{path} was taken")
print(time.process_time() - began)
"""


@pytest.mark.parametrize("what", BOMBS)
def test_files_made_to_take_all_memory_or_time(config: Path, what: str) -> None:
    for place in ("presets", "experiments", "theory", "mine"):
        path = config / place / "bomb.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(BOMBS[what])
        if not BOMBS[what]:
            with path.open("wb") as file:
                file.truncate(2**40)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 60, "seconds of computing for four files"


HUGE = {
    "widths": {"widths": list(range(1, 1002))},
    "seeds": {"seeds": list(range(5000))},
    "product": {"seeds": list(range(1000)), "widths": list(range(4, 504)), "values": {"learning_rate": [0.1]}},
    "values": {
        "values": {"learning_rate": [0.001 * n for n in range(1, 1000)], "momentum": [0.001 * n for n in range(999)]}
    },
    "log2": {"values": {"learning_rate": {"log2": [0, 1000, 1e-9]}}},
    "log10": {"values": {"learning_rate": {"log10": [-300, 300, 1e-300]}}},
}


@pytest.mark.parametrize("what", HUGE)
def test_presets_that_ask_for_too_much(config: Path, write_preset: Any, what: str) -> None:
    write_preset(lambda content: content["experiments"]["cnn_learning_rate"][0].update(HUGE[what]))
    with pytest.raises(ConfigurationError, match=r"at most 1000 items|at most 100000|more than 1000 values"):
        load_runs("mine", "cnn_learning_rate", config)


TOO_MUCH: dict[str, Callable[[dict[str, Any]], Any]] = {
    "depths": lambda scale: scale["fig6"].update(depths=[10**9]),
    "many depths": lambda scale: scale["fig6"].update(depths=list(range(1, 1000))),
    "seeds": lambda scale: scale["fig6"]["networks"][0].update(seeds=10**9 - 10**9 % 64, block=64),
    "sizes": lambda scale: scale["optimum"].update(network_depths=list(range(1, 300)), widths=list(range(1, 300))),
    "constants": lambda scale: scale["fig7"].update(gamma0=[n / 10 for n in range(1, 6000)]),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_studies_that_ask_for_too_much(config: Path, what: str) -> None:
    content = yaml.safe_load((config / "theory/smoke.yaml").read_text())
    TOO_MUCH[what](content)
    (config / "theory/mine.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError, match=r"more than 10000 solutions|add up to|at most 1000 items"):
        read_theory(config)


@pytest.mark.parametrize("place", ["presets/mine.yaml", "experiments/mine.yaml", "theory/mine.yaml", "datasets.yaml"])
@pytest.mark.parametrize("what", ["pipe", "folder", "circle", "truncated", "binary", "empty"])
def test_what_lies_in_the_place_of_a_file(config: Path, place: str, what: str) -> None:
    path = config / place
    whole = (config / "presets/smoke.yaml").read_bytes()
    path.unlink(missing_ok=True)
    if what == "pipe":
        subprocess.run(["mkfifo", str(path)], check=True)
    elif what == "folder":
        path.mkdir()
    elif what == "circle":
        path.symlink_to(path.name)
    else:
        content = {"truncated": whole[:-40] + b": [", "binary": bytes(range(256)), "empty": b""}[what]
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=path.name):
        read_yaml(path)
    if shutil.which("mkfifo") and place == "presets/mine.yaml":
        with pytest.raises(ConfigurationError):
            load_runs("mine", "cnn_learning_rate", config)
