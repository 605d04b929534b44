import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]

PRESET = {
    "title": "mine",
    "defaults": {"dataset": "digits", "batch_size": 16, "window": 2, "steps": 3},
    "experiments": {
        "cnn_learning_rate": [
            {"widths": [4], "depths": [3], "seeds": [0], "values": {"learning_rate": [0.1]}},
        ]
    },
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of config/."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config"


Write = Callable[..., Path]


@pytest.fixture
def write_preset(config: Path) -> Write:
    """Writes presets/mine.yaml: as text, or as a valid preset that a function has changed."""

    def write(change: Callable[[dict[str, Any]], Any] | str | bytes, name: str = "mine") -> Path:
        path = config / f"presets/{name}.yaml"
        if isinstance(change, bytes):
            path.write_bytes(change)
        elif isinstance(change, str):
            path.write_text(change)
        else:
            content = deepcopy(PRESET)
            change(content)
            path.write_text(yaml.safe_dump(content))
        return path

    return write
