import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workflow.conftest import copy_of_the_project

from .box import Box, NotInstalledError, install, obstacle
from .project import PLUGIN, ClusterProject


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A Slurm that is up, on machines where one may be set up."""
    yield from _started(tmp_path_factory, accounting=False)


@pytest.fixture(scope="module")
def accounting_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """The same with accounting, which only jobs of an account pass."""
    yield from _started(tmp_path_factory, accounting=True)


def _started(tmp_path_factory: pytest.TempPathFactory, *, accounting: bool) -> Iterator[Box]:
    if importlib.util.find_spec(PLUGIN) is None:
        pytest.skip("the Slurm plugin of Snakemake is not here: run `make test-slurm`")
    if reason := obstacle():
        pytest.skip(reason)
    try:
        install(accounting=accounting)
    except NotInstalledError as error:
        pytest.skip(str(error))
    made = Box(tmp_path_factory.mktemp("slurm") / "box", accounting=accounting)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def project(tmp_path: Path) -> ClusterProject:
    """A project in which nothing was built, for the cluster's profile."""
    made = ClusterProject(copy_of_the_project(tmp_path).folder)
    made.fit_profile()
    return made
