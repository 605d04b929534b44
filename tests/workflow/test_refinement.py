"""A preset that refines, through Snakemake."""

import pandas as pd
import pytest

FIGURE = "figures/fig1.pdf"


@pytest.mark.slow
def test_refining_trains_what_it_adds_and_nothing_twice(project):
    project.set_rates(2.0**-12, 2.0**-11)
    preset = project.folder / "config/presets/smoke.yaml"
    plain = preset.read_text()
    project.snakemake(FIGURE)
    assert not list(project.folder.rglob("refinement.csv")), "no preset refines unless it says so"
    without = project.read(FIGURE)
    trained = project.stored()

    preset.write_text("refine: 1\n" + plain)
    output = project.snakemake(FIGURE)
    assert "Add values to cnn_learning_rate (smoke)" in output
    added = pd.read_csv(project.folder / "results/smoke/cnn_learning_rate/refinement.csv")
    assert len(added) == 4, "one value for each network"
    assert len(project.stored() - trained) == 8
    assert trained <= project.stored()
    assert project.read(FIGURE) != without
    assert "Nothing to be done" in project.snakemake(FIGURE)

    preset.write_text(plain)
    project.snakemake(FIGURE)
    assert project.read(FIGURE) == without
