"""The scale of the theory's studies: what is shipped, and what is refused with one line that names the key."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from depthtransfer.configuration import load_theory
from depthtransfer.errors import ConfigurationError

SHIPPED = Path(__file__).parents[2] / "config/theory/smoke.yaml"


def changed(**values: Any) -> dict[str, Any]:
    """The shipped smoke scale with values replaced at dotted keys, written with double underscores."""
    content: dict[str, Any] = yaml.safe_load(SHIPPED.read_text())
    for dotted, value in values.items():
        *path, last = dotted.split("__")
        place = content
        for key in path:
            place = place[key]
        place[last] = value
    return content


def load(folder: Path, content: dict[str, Any]) -> Any:
    (folder / "theory").mkdir()
    (folder / "theory/smoke.yaml").write_text(yaml.safe_dump(content))
    return load_theory("smoke", folder)


def test_a_grid_of_learning_rates_is_expanded_in_order(tmp_path: Path) -> None:
    scale = load(tmp_path, changed(optimum__learning_rates=[0.08, 0.02, 0.04, 0.06]))
    assert scale.optimum.learning_rates == (0.02, 0.04, 0.06, 0.08)


NETWORKS: dict[str, Any] = {"widths": [16], "depths": [4], "seeds": 128}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"fig7__gamma0": [0, 1]}, r"fig7\.gamma0\.0: 0 is the lazy limit.*depthtransfer theory lazy"),
        ({"rates__gamma0": -1}, r"rates\.gamma0"),
        ({"optimum__kernel": [[1, 2, 0], [2, 1, 0], [0, 0, 1]]}, "not positive definite"),
        ({"optimum__kernel": [[1, 0.5, 0], [0.4, 1, 0], [0, 0, 1]]}, "not symmetric"),
        ({"optimum__kernel": [[1, 0.5], [0.5, 1]]}, "3 targets need 3 rows of 3"),
        ({"optimum__targets": [1, 0.5]}, "2 targets need 2 rows of 2"),
        ({"optimum__learning_rates": [0.1, 0.2]}, "at least 4"),
        ({"fig6__activations": ["gelu"]}, r"fig6\.activations\.0"),
        ({"fig6__correlation": 1.0}, r"fig6\.correlation"),
        ({"fig6__depts": [4]}, r"unknown key fig6\.depts; .*'depths'"),
        ({"fig7__limit_depths": [8, 16]}, r"fig7\.limit_depths"),
        ({"fig7__learning_rate": 0}, r"fig7\.learning_rate"),
        ({"rates__networks": [{**NETWORKS, "seeds": 100, "block": 64}]}, "no multiple of the block"),
        ({"rates__networks": [{**NETWORKS, "seeds": 4}]}, "at least 8 seeds"),
        ({"rates__identity__width": 0}, r"rates\.identity\.width"),
        ({"linear__depths": [6]}, "6 is no multiple of 4"),
    ],
)
def test_bad_scales_are_refused(tmp_path: Path, values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        load(tmp_path, changed(**values))
    assert "smoke.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_preset_without_a_scale_is_named(tmp_path: Path) -> None:
    (tmp_path / "theory").mkdir()
    with pytest.raises(ConfigurationError, match=r"theory/laptop\.yaml"):
        load_theory("laptop", tmp_path)


def test_a_preset_takes_the_scale_of_the_one_it_extends(tmp_path: Path) -> None:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/longer.yaml").write_text("extends: smoke\ntitle: longer\n")
    assert load(tmp_path, changed()) == load_theory("longer", tmp_path)
