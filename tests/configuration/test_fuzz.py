"""No text and no value whatsoever leads to anything but a valid preset or a ConfigurationError."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from depthtransfer.configuration import load_preset
from depthtransfer.errors import ConfigurationError
from depthtransfer.sweeps.grid import load_runs

CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

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
    | st.sampled_from([10**400, 2**63, 10**9])
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["digits", "mup", "cifar10", "2", "smoke", "bf16"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["log2", "log10", "learning_rate", "flip", "title", "beta"]), inner, max_size=2
        )
    ),
    max_leaves=5,
)
GRID_KEYS = ("widths", "depths", "seeds", "values", "steps", "epochs", "window", "batch_size", "schemes", "dataset")
LATER_KEYS = ("warmup", "precision", "augmentation", "other")


@pytest.fixture
def preset(config: Path) -> Path:
    return config / "presets/mine.yaml"


def refusal(action: Callable[[], object]) -> ConfigurationError | None:
    try:
        action()
    except ConfigurationError as error:
        return error
    return None


def survives(path: Path, *, sweep: bool = False) -> None:
    config = path.parents[1]
    error = refusal(lambda: load_preset("mine", config))
    if sweep and error is None:
        error = refusal(lambda: load_runs("mine", "cnn_learning_rate", config))
    assert error is None or (error.remedy and "\n" not in str(error))


@settings(max_examples=400, deadline=None, suppress_health_check=CHECKS)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes(preset: Path, content: bytes) -> None:
    preset.write_bytes(content)
    survives(preset)


@settings(max_examples=1000, deadline=None, suppress_health_check=CHECKS)
@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
def test_arbitrary_yaml(preset: Path, text: str) -> None:
    preset.write_text(text, encoding="utf-8")
    survives(preset)


@settings(max_examples=600, deadline=None, suppress_health_check=CHECKS)
@given(st.dictionaries(st.sampled_from((*GRID_KEYS, *LATER_KEYS)), VALUES, min_size=1, max_size=3), VALUES)
def test_arbitrary_values_in_a_grid(preset: Path, changes: dict[str, Any], rates: Any) -> None:
    grid = {"widths": [4], "depths": [3], "seeds": [0], "values": {"learning_rate": rates}, "steps": 3, "window": 1}
    grid |= {"batch_size": 4, "dataset": "digits"}
    content = {"title": "a", "experiments": {"cnn_learning_rate": [deepcopy(grid) | changes]}}
    try:
        preset.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    except (UnicodeEncodeError, ValueError):
        return
    survives(preset, sweep=True)
