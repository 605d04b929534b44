"""No content of any file of config/ leads to anything but a valid configuration or one line that says what is wrong."""

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

from depthtransfer.configuration import load_experiment, load_preset, load_theory
from depthtransfer.configuration.machines import load_machines
from depthtransfer.data import load_declarations
from depthtransfer.errors import ConfigurationError
from depthtransfer.pricing.machines import machine
from depthtransfer.registry import STUDIES
from depthtransfer.studies.plan import solutions
from depthtransfer.sweeps.grid import load_runs

FUZZ = settings(
    max_examples=60,
    deadline=20_000,  # Milliseconds for one file, on a machine that has much else to do; most take a few.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TOKENS = (
    *("a", "title", "experiments", "extends", "defaults", "smoke", ": ", ":", "? ", "- ", "\n", "\n  ", " ", "\t"),
    *("!!int ", "!!bool ", "!!float ", "!!timestamp ", "!!binary ", "!!set ", "!!omap ", "!!map ", "!!str ", "!"),
    *("!!python/name:os.system ", "&x ", "*x ", "[", "]", "{", "}", ",", "'", '"', "\\", "\\U0", "<<", "=", "|", ">"),
    *("0x", "1:2", ".inf", ".nan", "~", "2020-01-01", "1e3", "-", "%YAML 1.1\n", "---", "...", "#", "\x85", "\ufeff"),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 60)
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from([10**400, 2**63, 10**9, [10**9], [2.0**1000], list(range(1, 1001)), {"log10": [-300, 300, 0.6]}])
    | st.sampled_from(["digits", "mup", "cifar10", "2", "smoke", "bf16", "../../x", "a\nb", "$(touch x)"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["log2", "log10", "learning_rate", "flip", "title", "beta"]), inner, max_size=2
        )
    ),
    max_leaves=5,
)


def read_preset(config: Path) -> None:
    for experiment in load_preset("mine", config).experiments:
        load_runs("mine", experiment, config)


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
    "preset": ("presets/mine.yaml", "presets/mine.yaml", read_preset),
    "experiment": ("experiments/cnn_momentum.yaml", "experiments/mine.yaml", read_experiment),
    "theory": ("theory/smoke.yaml", "theory/mine.yaml", read_theory),
    "datasets": ("datasets.yaml", "mine/datasets.yaml", read_datasets),
    "machines": ("machines.yaml", "mine/machines.yaml", read_machines),
}
Kind = tuple[Path, Any, Callable[[], None]]


@pytest.fixture(params=FILES)
def kind(request: pytest.FixtureRequest, config: Path, write_preset: Any) -> Kind:
    """A file, a valid content of it, and what reads it."""
    model, mine, read = FILES[request.param]
    write_preset(lambda preset: None)
    path = config / mine
    path.parent.mkdir(exist_ok=True)
    return path, yaml.safe_load((config / model).read_text()), lambda: read(config)


def survives(read: Callable[[], None]) -> None:
    """Reading succeeds, or ends in one line that says what would be right."""
    refusal = None
    try:
        read()
    except ConfigurationError as error:
        refusal = error
    assert refusal is None or (refusal.remedy and "\n" not in str(refusal))


def test_what_is_changed_was_valid(kind: Kind) -> None:
    path, content, read = kind
    path.write_text(yaml.safe_dump(content))
    read()


@FUZZ
@given(text=st.lists(st.sampled_from(TOKENS), max_size=14).map("".join) | st.binary(max_size=40))
def test_arbitrary_files(kind: Kind, text: str | bytes) -> None:
    path, _, read = kind
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    survives(read)


def places(content: Any) -> list[tuple[Any, ...]]:
    """Where something stands in a nested content: keys and indices from the top."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [place for key, part in inner for place in [(key,), *((key, *below) for below in places(part))]]


@FUZZ
@given(data=st.data())
def test_arbitrary_values_anywhere(kind: Kind, data: st.DataObject) -> None:
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
            part[last] = deepcopy(data.draw(VALUES))
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
    "nested lists": "a: " + "[" * 90_000,
    "many keys": "".join(f"k{n}: 1\n" for n in range(10_000)),
    "a long integer": "title: 0x" + "f" * 90_000,
    "a sparse giant": "",
}
READ = """
import resource, sys, time
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
from depthtransfer.configuration import load_preset
from depthtransfer.errors import ConfigurationError
began = time.process_time()
for path in sorted(Path(sys.argv[1]).glob("presets/bomb*.yaml")):
    try:
        load_preset(path.stem, Path(sys.argv[1]))
    except ConfigurationError as error:
        assert "\\n" not in str(error) and len(str(error)) < 3000, str(error)[:200]
    else:
        sys.exit(f"{path} was taken")
print(time.process_time() - began)
"""


def test_files_made_to_take_all_memory_or_time(config: Path) -> None:
    for number, text in enumerate(BOMBS.values()):
        path = config / f"presets/bomb{number}.yaml"
        path.write_text(text)
        if not text:
            with path.open("wb") as file:
                file.truncate(2**40)
    command = [sys.executable, "-c", READ, str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 60, "seconds of computing"


MANY_RATES = [0.001 * n for n in range(1, 1000)]
TOO_MANY_RUNS: dict[str, dict[str, Any]] = {
    "sizes": {"widths": list(range(1, 1002))},
    "product": {"seeds": list(range(1000)), "widths": list(range(4, 504)), "values": {"learning_rate": [0.1]}},
    "values": {"values": {"learning_rate": MANY_RATES, "momentum": [0.0, *MANY_RATES]}},
    "log2": {"values": {"learning_rate": {"log2": [0, 1000, 1e-9]}}},
}


@pytest.mark.parametrize("what", TOO_MANY_RUNS)
def test_presets_that_ask_for_too_much(config: Path, write_preset: Any, what: str) -> None:
    write_preset(lambda content: content["experiments"]["cnn_learning_rate"][0].update(TOO_MANY_RUNS[what]))
    with pytest.raises(ConfigurationError, match=r"at most 1000 items|at most 100000|more than 1000 values"):
        load_runs("mine", "cnn_learning_rate", config)


TOO_MUCH_THEORY: dict[str, Callable[[dict[str, Any]], Any]] = {
    "depths": lambda scale: scale["fig6"].update(depths=[10**9]),
    "seeds": lambda scale: scale["fig6"]["networks"][0].update(seeds=10**9 - 10**9 % 64, block=64),
    "sizes": lambda scale: scale["optimum"].update(network_depths=list(range(1, 300)), widths=list(range(1, 300))),
}


@pytest.mark.parametrize("what", TOO_MUCH_THEORY)
def test_studies_that_ask_for_too_much(config: Path, what: str) -> None:
    content = yaml.safe_load((config / "theory/smoke.yaml").read_text())
    TOO_MUCH_THEORY[what](content)
    (config / "theory/mine.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError, match=r"more than 10000 solutions|add up to|at most 1000 items"):
        read_theory(config)
