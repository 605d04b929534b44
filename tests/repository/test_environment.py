"""pyproject.toml, requirements.lock, environment.yml and the Makefile name one and the same environment."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]

# What conda calls a package, where the name differs. The chosen ones bring no more than PyPI's do.
CONDA_NAMES = {
    "torch": "pytorch",
    "matplotlib": "matplotlib-base",
    "seaborn": "seaborn-base",
    "snakemake": "snakemake-minimal",
}
# What the installation itself runs on, before anything else is there; see the Makefile.
INSTALLERS = ("uv", "setuptools", "hatchling", "editables")
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find[-]links|^-[if]\b|^--\w|@\s", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """One block of the lock."""

    name: str
    version: str
    marker: Marker | None
    hashes: int

    def applies(self, python: str) -> bool:
        here = {"python_version": python, "python_full_version": f"{python}.0"}
        return self.marker is None or self.marker.evaluate(here)


def read_lock(text: str) -> list[Pin]:
    pins = []
    for block in re.split(r"\n(?=\S)", text.strip()):
        head, *rest = (line.rstrip(" \\") for line in block.splitlines())
        requirement = Requirement(head)
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{head} is not pinned"
        hashes = sum(re.fullmatch(r"\s+--hash=sha256:[0-9a-f]{64}", line) is not None for line in rest)
        assert hashes == len(rest), f"{head}: a line that is not a hash"
        pins.append(Pin(canonicalize_name(requirement.name), specifier.version, requirement.marker, hashes))
    return pins


def read_environment(text: str) -> dict[str, str]:
    """Package, in conda's spelling, to the version (for python: the release) it is pinned to."""
    pinned = {}
    for entry in yaml.safe_load(text)["dependencies"]:
        for line in entry["pip"] if isinstance(entry, dict) else [entry]:
            name, _, version = line.partition("=")
            pinned[name.strip()] = version.strip("= ")
    return pinned


def direct_dependencies(pyproject: str) -> list[Requirement]:
    declared = tomllib.loads(pyproject)
    project = declared["project"]
    lines: Iterable[str] = [
        *(*project["dependencies"], *project["optional-dependencies"]["artifact"]),
        *declared["dependency-groups"]["dev"],
    ]
    return [Requirement(line) for line in lines]


def disagreements(pyproject: str, lock: str, environment: str) -> list[str]:
    """What the three files do not say alike, one line for each."""
    conda = read_environment(environment)
    admitted = SpecifierSet(tomllib.loads(pyproject)["project"]["requires-python"])
    python = conda.pop("python", "0")
    found = [] if Version(python) in admitted else [f"environment.yml: python ={python} is not in {admitted}"]
    locked = {pin.name: pin.version for pin in read_lock(lock) if pin.applies(python)}
    conda.pop("pip", None)
    for requirement in direct_dependencies(pyproject):
        name = canonicalize_name(requirement.name)
        spelled = CONDA_NAMES.get(name, name)
        version = locked.get(name)
        listed = conda.pop(spelled, None)
        if version is None:
            found.append(f"requirements.lock: {name} is missing; run `make lock`")
        elif version not in requirement.specifier:
            found.append(f"requirements.lock: {name}=={version} is not {requirement}; run `make lock`")
        elif listed != version:
            found.append(f"environment.yml: write `- {spelled} =={version}` (it says {listed})")
    found += [f"environment.yml: {name} is not a direct dependency in pyproject.toml" for name in conda]
    return found


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    names = {"pyproject": "pyproject.toml", "lock": "requirements.lock", "environment": "environment.yml"}
    return {key: (ROOT / name).read_text(encoding="utf-8") for key, name in names.items()}


def test_the_three_files_agree(files: dict[str, str]) -> None:
    assert disagreements(**files) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("environment", r"- pytorch ==[\d.]+", "- pytorch ==1.0.0", "environment.yml: write `- pytorch =="),
        ("lock", r"(?m)^rich==\S+", "rich==1.0", "rich==1.0 is not rich>="),
        ("lock", r"(?m)^jax==(.*\n)(    .*\n)+", "", "jax is missing"),
        ("pyproject", r"\ndependencies = \[", '\ndependencies = [\n"tomli>=2",', "tomli is missing"),
    ],
)
def test_a_difference_is_found(files: dict[str, str], file: str, old: str, new: str, complaint: str) -> None:
    altered, replaced = re.subn(old, new, files[file], count=1)
    assert replaced == 1
    (line,) = disagreements(**(files | {file: altered}))
    assert complaint in line


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-cluster.lock"])
def test_every_pin_of_a_lock_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert [pin.name for pin in read_lock(text) if pin.hashes == 0] == []
    assert ADDRESS.findall(text) == []


def test_the_lock_holds_what_installs_it(files: dict[str, str]) -> None:
    everywhere = {pin.name for pin in read_lock(files["lock"]) if pin.marker is None}
    assert everywhere >= set(INSTALLERS)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_the_lock_is_unambiguous_for_each_python(files: dict[str, str], python: str) -> None:
    names = [pin.name for pin in read_lock(files["lock"]) if pin.applies(python)]
    assert len(names) == len(set(names))


def test_torch_and_torchvision_are_held_as_a_pair(files: dict[str, str]) -> None:
    held = map(Requirement, tomllib.loads(files["pyproject"])["tool"]["uv"]["constraint-dependencies"])
    locked = {pin.name: pin.version for pin in read_lock(files["lock"])}
    assert {str(r) for r in held} == {f"{name}=={locked[name]}" for name in ("torch", "torchvision")}


def test_the_makefile_looks_for_the_pythons_that_pyproject_admits(files: dict[str, str]) -> None:
    admitted = SpecifierSet(tomllib.loads(files["pyproject"])["project"]["requires-python"])
    expected = [f"3.{minor}" for minor in range(30, 0, -1) if f"3.{minor}" in admitted]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = re.findall(r"^pythons := (.*)$", makefile, re.MULTILINE)
    assert re.findall(r"python(3\.\d+)", line) == expected
    low, high = (tuple(map(int, v.split("."))) for v in (expected[-1], expected[0]))
    assert f"admitted := {low} <= sys.version_info[:2] <= {high}" in makefile
    assert f"no Python {expected[-1]} to {expected[0]} " in makefile


def test_the_lock_of_the_cluster_holds_its_extra_and_repeats_nothing(files: dict[str, str]) -> None:
    (wanted,) = map(Requirement, tomllib.loads(files["pyproject"])["project"]["optional-dependencies"]["cluster"])
    pins = read_lock((ROOT / "requirements-cluster.lock").read_text(encoding="utf-8"))
    versions = {pin.name: pin.version for pin in pins}
    assert versions[canonicalize_name(wanted.name)] in wanted.specifier
    assert versions.keys() & {pin.name for pin in read_lock(files["lock"])} == set()
