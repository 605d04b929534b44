"""The house rules: who may know whom, what stays out of which import, what no file may contain."""

import ast
import functools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
PACKAGE = "depthtransfer"

# Which rooms a room may import from (itself, and the package's version, are always allowed). Four floors, no
# stair that runs back up: cli; sweeps, studies, claims, figures; models, training, theory, analysis; the ground.
PERMITTED: dict[str, set[str]] = {
    # ground
    "errors": set(),
    "codebase": set(),
    "regular_files": set(),
    "strict_yaml": {"errors", "regular_files"},
    "strict_json": {"errors"},
    "cores": set(),
    "read_ahead": set(),
    "scaling": set(),
    "tables": {"errors", "regular_files"},
    "deposits": {"errors", "strict_json", "tables", "regular_files"},
    "configuration": {"errors", "strict_yaml", "scaling"},
    "data": {"errors", "strict_yaml", "tables", "cores", "read_ahead", "regular_files"},
    # making: the loop is handed a module and plain arrays, or images by number
    "models": {"errors", "strict_yaml", "scaling"},
    "training": {"errors", "scaling", "tables", "cores", "read_ahead"},
    "theory": {"errors", "scaling", "tables"},
    "sweeps": {
        *("errors", "scaling", "tables", "deposits", "configuration", "data", "models", "training", "theory"),
        "regular_files",
    },
    "studies": {"errors", "tables", "configuration", "theory", "sweeps"},
    # reading: tables only
    "analysis": {"errors", "tables"},
    "claims": {"errors", "tables", "analysis"},
    "figures": {"errors", "codebase", "strict_json", "tables", "analysis"},
    "report": {"errors", "tables"},
    # knows everybody; nobody knows it
    "cli": {
        *("errors", "scaling", "tables", "configuration", "data", "models", "training", "theory", "sweeps"),
        *("studies", "analysis", "claims", "figures", "report", "deposits", "cores"),
    },
}

# What a room never reaches, neither itself nor through what it imports, at the top of a file or within.
UNREACHABLE: dict[str, set[str]] = {
    "scaling": {"torch", "torchvision", "jax", "diffrax"},
    "tables": {"torch", "torchvision", "jax", "diffrax"},
    "analysis": {"torch", "torchvision"},
    "claims": {"torch", "torchvision"},
    "figures": {"torch", "torchvision"},
    "configuration": {"torch", "torchvision", "jax", "diffrax"},
}

# What importing a module does not load: the first word of the module's name, or all of it.
HEAVY = {"torch", "torchvision", "jax", "diffrax", "seaborn", "matplotlib", "sklearn", "scipy"}
LIGHT: dict[str, set[str]] = {
    "cli": HEAVY | {"pandas", "pyarrow", "numpy"},
    "configuration": HEAVY | {"pandas", "pyarrow"},
    "scaling": HEAVY | {"pandas", "pyarrow"},
    "tables": HEAVY,
    "data": HEAVY,
    "figures": HEAVY,
    "analysis": HEAVY,
    "sweeps.spec": HEAVY,
    "sweeps.requests": HEAVY,
    "sweeps.needs": HEAVY | {"pandas", "pyarrow", "numpy"},
    "sweeps.store": HEAVY,
    "sweeps.shards": HEAVY,
    "sweeps.jobs": HEAVY | {"pandas", "pyarrow"},
    "studies": HEAVY | {"numpy"},
    "studies.plan": HEAVY | {"numpy"},
}

LINES = 350

MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}


def room(module: str) -> str:
    """The part of the package that a module belongs to; empty for the package itself."""
    return [*module.split("."), ""][1]


@functools.cache
def imports(module: str) -> frozenset[str]:
    """The dotted names a module imports, at its top or within its functions."""
    path = MODULES[module]
    here = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here.rsplit(".", node.level - 1)[0] if node.level else ""
            start = ".".join(filter(None, (base, node.module)))
            names.add(start)
            names.update(f"{start}.{alias.name}" for alias in node.names)
    return frozenset(names)


def reached(module: str) -> Iterator[tuple[str, str]]:
    """All (importing module, foreign package) that a module reaches through the package."""
    seen, waiting = set[str](), {module}
    while waiting:
        current = waiting.pop()
        seen.add(current)
        for name in imports(current):
            if name.split(".")[0] == PACKAGE:
                parts = name.split(".")
                ancestors = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
                waiting |= (ancestors & MODULES.keys()) - seen
            else:
                yield current, name.split(".")[0]


def in_rooms(rooms: dict[str, set[str]]) -> list[str]:
    return [module for module in MODULES if room(module) in rooms]


def test_every_room_is_in_the_table() -> None:
    assert {room(module) for module in MODULES} - {""} <= PERMITTED.keys()


def test_the_table_has_no_stair_that_runs_back() -> None:
    below: dict[str, int] = {}
    while len(below) < len(PERMITTED):
        free = [name for name in PERMITTED.keys() - below.keys() if PERMITTED[name] <= below.keys()]
        assert free, f"a circle among {sorted(PERMITTED.keys() - below.keys())}"
        below |= dict.fromkeys(free, len(below))


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_from_the_rooms_it_may_know(module: str) -> None:
    known = {room(name) for name in imports(module) if name.startswith(f"{PACKAGE}.")}
    existing = {name for name in known if f"{PACKAGE}.{name}" in MODULES or name in PERMITTED}
    assert existing - PERMITTED.get(room(module), set()) - {room(module)} == set()


@pytest.mark.parametrize("module", in_rooms(UNREACHABLE))
def test_a_room_never_reaches_what_is_not_its_business(module: str) -> None:
    assert [(via, name) for via, name in reached(module) if name in UNREACHABLE[room(module)]] == []


def light_modules() -> list[tuple[str, str]]:
    found = []
    for start in LIGHT:
        full = f"{PACKAGE}.{start}"
        found += [(start, name) for name in MODULES if name == full]
        if start == "figures":
            found += [(start, name) for name in MODULES if name.startswith(f"{full}.")]
    return found


@pytest.mark.parametrize(("rule", "module"), light_modules())
def test_importing_is_light(rule: str, module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(sorted(n for n in sys.modules if '.' not in n)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) & LIGHT[rule] == set()


@pytest.mark.parametrize("module", MODULES)
def test_a_file_holds_one_idea(module: str) -> None:
    path = MODULES[module]
    assert len(path.read_text(encoding="utf-8").splitlines()) < LINES
    assert not path.stem.startswith(("util", "helper", "misc", "common"))


@functools.cache
def repository_files() -> list[Path]:
    """Every file of the repository that git knows or would know."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        [git, "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_the_repository_holds_no_leftovers() -> None:
    """Logs and the like of a run that wrote into the checkout."""
    known = {".py", ".md", ".rst", ".yaml", ".yml", ".toml", ".json", ".smk", ".parquet", ".png", ".lock", ".cff"}
    known |= {".html", ".css", ".js"}
    plain = {"Makefile", "Snakefile", "LICENSE", ".gitignore", "run", "fresh_copy"}
    strange = [p for p in repository_files() if p.suffix not in known and p.name not in plain]
    assert not strange


def test_a_fresh_copy_holds_what_git_knows_and_nothing_else(tmp_path: Path) -> None:
    known = {path.relative_to(ROOT): path.read_bytes() for path in repository_files()}
    copy = tmp_path / "a copy"
    subprocess.run([str(ROOT / ".ci/fresh_copy"), str(copy)], check=True, capture_output=True)
    found = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert found.keys() == known.keys()
    assert found == known


# Written so that this file does not match them.
FORBIDDEN_TEXT = {
    "an absolute path of one machine": rb"(?<![\w.~}*-])/(?:[h]ome|[r]oot|[w]ork|[U]sers)/",
    "an address of a package index": rb"--(?:extra-)?[i]ndex-url[ =]|--[f]ind-links|pypi\.org/[s]imple"
    rb"|[f]iles\.pythonhosted\.org|download\.pytorch\.org/[w]hl",
}


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_no_file_contains(what: str) -> None:
    pattern = re.compile(FORBIDDEN_TEXT[what])
    found = {str(p.relative_to(ROOT)): m.group() for p in repository_files() if (m := pattern.search(p.read_bytes()))}
    assert found == {}


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("an absolute path of one machine", "data: /" + "home/someone/data"),
        ("an absolute path of one machine", '"/' + 'work/main"'),
        ("an address of a package index", "pip install --index" + "-url x"),
    ],
)
def test_what_no_file_may_contain_is_recognized(what: str, text: str) -> None:
    assert re.search(FORBIDDEN_TEXT[what], text.encode())
