"""Added values become runs like the network's other ones; the file that remembers them is read with suspicion."""

from pathlib import Path
from typing import Any

import pytest

from depthtransfer.configuration import refinement_path
from depthtransfer.errors import StoreError
from depthtransfer.sweeps.grid import load_runs
from depthtransfer.sweeps.refinement import Addition, load_refined, read_additions, refined, write_additions
from depthtransfer.tables.columns import RUNS
from depthtransfer.tables.frames import read_table

EXPERIMENT = "cnn_learning_rate_sp"
ADDITION = Addition("sp", 4, 3, 0.1 + 0.2, 1, "edge of the grid")


def set_refine(project: Any, most: int, **grid: Any) -> None:
    project.write_preset(**grid)
    path = project.folder / "config/presets/tiny.yaml"
    path.write_text(f"refine: {most}\n" + path.read_text())


def test_an_added_value_is_trained_for_every_seed_of_its_network_alone(tiny_project: Any) -> None:
    tiny_project.write_preset(seeds=[0, 1], widths=[4, 8], depths=[3, 6])
    sweep = load_runs("tiny", EXPERIMENT)
    more = refined(sweep, [ADDITION, ADDITION])
    assert more.requests[: len(sweep.requests)] == sweep.requests
    added = [request.spec for request in more.requests[len(sweep.requests) :]]
    assert [(spec.width, spec.depth, spec.seed, spec.learning_rate) for spec in added] == [
        (4, 3, 0, 0.1 + 0.2),
        (4, 3, 1, 0.1 + 0.2),
    ]


def test_a_value_that_is_there_already_adds_nothing(tiny_project: Any) -> None:
    sweep = load_runs("tiny", EXPERIMENT)
    assert refined(sweep, [Addition("sp", 4, 3, 0.25, 1, "")]) == sweep


def test_the_feature_learning_strength_is_a_constant_of_the_scheme(tiny_project: Any) -> None:
    path = tiny_project.folder / "config/presets/gamma.yaml"
    path.write_text(
        (tiny_project.folder / "config/presets/tiny.yaml")
        .read_text()
        .replace(EXPERIMENT, "cnn_gamma0")
        .replace("values:", "values:\n      gamma0: [0.5, 1.0]")
    )
    sweep = load_runs("gamma", "cnn_gamma0")
    variant = sweep.requests[0].variant
    more = refined(sweep, [Addition(variant, 4, 3, 2.0, 1, "")])
    added = more.requests[len(sweep.requests) :]
    assert {request.spec.constants.gamma0 for request in added} == {2.0}
    assert {request.spec.learning_rate for request in added} == {
        request.spec.learning_rate for request in sweep.requests
    }


def test_the_file_keeps_every_bit(tmp_path: Path) -> None:
    path = tmp_path / "refinement.csv"
    for additions in ([], [ADDITION, Addition("alpha 1/2, zero-init", 8, 6, 2.0**-10.5, 2, "interval, wide")]):
        write_additions(additions, path)
        assert read_additions(path) == additions


@pytest.mark.parametrize(
    "text", ["", "variant,width\nsp,4\n", "variant,width,depth,value,round,reason\nsp,4,3,nan,1,x\n"]
)
def test_a_damaged_file_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "refinement.csv"
    path.write_text(text)
    with pytest.raises(StoreError, match=r"refinement\.csv is no table of added values"):
        read_additions(path)


def test_collecting_before_refining_says_what_to_run(tiny_project: Any) -> None:
    set_refine(tiny_project, 2)
    _, errors = tiny_project.run("collect", EXPERIMENT, "--preset", "tiny", code=4)
    assert "refinement.csv does not exist; " in errors
    assert f"snakemake results/tiny/{EXPERIMENT}/refinement.csv" in errors


def test_an_optimum_at_the_edge_moves_inside_as_far_as_allowed(tiny_project: Any) -> None:
    """Four steps at tiny rates: more is better, so each round goes one step further up."""
    set_refine(tiny_project, 2, values={"learning_rate": [2.0**-12, 2.0**-11, 2.0**-10]}, steps=8, seeds=[0, 1])
    output, _ = tiny_project.run("refine", EXPERIMENT, "--preset", "tiny", "--workers", "1")
    assert "2 values added to the grids of 1 networks" in output
    additions = read_additions(tiny_project.folder / refinement_path("tiny", EXPERIMENT))
    assert [(each.value, each.round, each.reason) for each in additions] == [
        (2.0**-9, 1, "edge of the grid"),
        (2.0**-8, 2, "edge of the grid"),
    ]
    before = tiny_project.stored()
    tiny_project.run("refine", EXPERIMENT, "--preset", "tiny", "--workers", "1")
    assert tiny_project.stored() == before, "with all runs stored nothing is trained"
    assert read_additions(refinement_path("tiny", EXPERIMENT)) == additions
    tiny_project.tables()
    runs = read_table(tiny_project.folder / f"results/tiny/{EXPERIMENT}/runs.parquet", RUNS)
    assert len(runs) == len(load_refined("tiny", EXPERIMENT).requests) == 10
    assert sorted(set(runs["learning_rate"])) == [2.0**k for k in range(-12, -7)]
