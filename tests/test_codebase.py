import importlib.util
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from depthtransfer import codebase

SOURCES = {
    "__init__.py": "",
    "top.py": "from toy.near import f\n\n\ndef g():\n    from toy.wing.lazy import h\n\n    return f() + h()\n",
    "near.py": "import json\n\n\ndef f():\n    return 1\n",
    "wing/__init__.py": "",
    "wing/lazy.py": "import toy.far\n\n\ndef h():\n    return toy.far.X\n",
    "far.py": 'X = 3\n"""What X is."""\n',
    "unrelated.py": "Y = 4\n",
}

NOTHING: dict[str, str] = {}

Digest = Callable[..., str]


def module_in(folder: Path) -> ModuleType:
    """The module under test as part of another package, with nothing remembered."""
    spec = importlib.util.spec_from_file_location("toy_codebase", folder / "codebase.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    """Digest of toy.top, or another module, in a package of which some files are replaced."""

    def compute(module: str = "toy.top", replaced: Mapping[str, str] = NOTHING) -> str:
        folder = tmp_path / "toy"
        shutil.rmtree(folder, ignore_errors=True)
        for name, text in (SOURCES | replaced).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        shutil.copy(codebase.__file__, folder / "codebase.py")
        found: str = module_in(folder).digest(module)
        return found

    return compute


def test_the_same_code_has_the_same_digest(digest: Digest) -> None:
    assert digest() == digest()
    assert digest() != digest("toy.near")


@pytest.mark.parametrize(
    "text",
    [
        "import json\n\n\ndef f():\n    # why\n    return 1  # one\n",
        '"""Near."""\nimport json\n\n\ndef f():\n    """One."""\n    return 1\n',
        "import json\ndef f():\n\n\n    return (1)\n",
        "import json\nif TYPE_CHECKING:\n    from toy.unrelated import Y\ndef f():\n    return 1\n",
    ],
    ids=["comments", "docstrings", "layout", "types"],
)
def test_what_does_not_run_does_not_count(digest: Digest, text: str) -> None:
    assert digest(replaced={"near.py": text}) == digest()


def test_docstrings_of_attributes_do_not_count(digest: Digest) -> None:
    for text in ('X = 3\n"""Something else."""\n', "X = 3\n"):
        assert digest(replaced={"far.py": text}) == digest()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("near.py", "import json\n\n\ndef f():\n    return 2\n"),
        ("near.py", "import json\n\n\ndef f(x=1):\n    return 1\n"),
        ("near.py", "import math\n\n\ndef f():\n    return 1\n"),
        ("near.py", 'import json\n\n\ndef f():\n    return "1"\n'),
        ("wing/lazy.py", "import toy.far\n\n\ndef h():\n    return toy.far.X + 1\n"),
        ("far.py", "X = 4\n"),
        ("wing/__init__.py", "Z = 1\n"),
        ("__init__.py", "Z = 1\n"),
    ],
)
def test_code_counts_wherever_it_is_reached_from(digest: Digest, name: str, text: str) -> None:
    assert digest(replaced={name: text}) != digest()


def test_unrelated_modules_do_not_count(digest: Digest) -> None:
    for name in ("unrelated.py", "another.py"):
        assert digest(replaced={name: "Y = 5\n"}) == digest()


def test_a_module_that_does_not_exist(digest: Digest) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"toy\.absent"):
        digest("toy.absent")


def test_a_figure_consists_of_the_reading_wing_alone() -> None:
    parts = codebase.closure("depthtransfer.figures.fig4")
    assert {"depthtransfer.figures.fig4", "depthtransfer.analysis.optimum"} <= parts
    assert not [name for name in parts if name.startswith(("depthtransfer.training", "depthtransfer.models"))]


@pytest.mark.parametrize("wing", ["analysis", "figures", "sweeps.collect"])
def test_every_part_that_the_workflow_asks_for_has_a_digest(wing: str) -> None:
    assert len(codebase.digest(f"depthtransfer.{wing}")) == 16
