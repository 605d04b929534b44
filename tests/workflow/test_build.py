"""Real Snakemake runs of a preset of seconds."""

import os
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

FIGURE = "figures/fig1.pdf"
RUNS = "results/smoke/cnn_learning_rate/runs.parquet"


def test_figure_from_nothing_then_nothing_then_one_value_more(built):
    project = built
    for suffix in ("pdf", "png", "csv"):
        assert (project.folder / f"figures/fig1.{suffix}").stat().st_size > 0
    runs = pd.read_parquet(project.folder / RUNS)
    assert len(runs) == len(project.stored()) == 16
    assert set(runs["scheme"]) == {"mup", "mup_sqrt_depth"}

    figure = project.read(FIGURE)
    assert "Nothing to be done" in project.snakemake(FIGURE)

    before = {path: path.stat().st_mtime_ns for path in (project.folder / "results/store").rglob("*.parquet")}
    project.set_rates(0.25, 0.5, 1.0)
    project.snakemake(FIGURE)
    assert len(project.stored()) == 16 + 8, "one value more is one run more for each network and seed"
    assert {path: path.stat().st_mtime_ns for path in before} == before, "no finished run was trained again"
    assert project.read(FIGURE) != figure

    project.set_rates(0.25, 0.5)
    project.snakemake(FIGURE)
    assert project.read(FIGURE) == figure, "the same tables give the same bytes"


@pytest.mark.slow
def test_shards_and_workers_change_no_table_and_presets_do_not_meet(project):
    project.snakemake(FIGURE, "--cores", "1")
    one = {name: project.read(f"results/smoke/cnn_learning_rate/{name}") for name in ("runs.parquet", "transfer.csv")}
    store = project.stored()
    (project.folder / "config/presets/desktop.yaml").write_bytes(project.read("config/presets/smoke.yaml"))
    figure = project.read(FIGURE)
    output = project.snakemake("figures/desktop/fig1.pdf", "--config", "shards=3")
    assert project.stored() == store, "a run that two presets need trains once"
    assert output.count("Train the runs of cnn_learning_rate (desktop)") == 3
    assert project.read("results/desktop/cnn_learning_rate/runs.parquet") == one["runs.parquet"]
    assert project.read("results/desktop/cnn_learning_rate/transfer.csv") == one["transfer.csv"]
    assert project.read(FIGURE) == figure
    assert (project.folder / "figures/desktop/fig1.pdf").exists()


def test_damaged_run_is_set_aside_reported_and_recomputed(built):
    project = built
    table = project.read(RUNS)
    victim = sorted((project.folder / "results/store").rglob("*.parquet"))[0]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    (project.folder / RUNS).unlink()
    output = project.snakemake(RUNS)
    assert "set aside" in output
    assert victim.name in output
    assert project.read(RUNS) == table
    assert list(victim.parent.glob(f"{victim.name}.damaged-*"))


@pytest.mark.slow
def test_interrupt_ends_at_once_and_leaves_no_lock(project):
    process = project.start(RUNS)
    deadline = time.monotonic() + 120
    while len(project.stored()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in output
    project.snakemake(RUNS)
    assert len(project.stored()) == 16


def test_editing_code_redraws_what_uses_it_and_trains_nothing(built):
    project = built
    source = project.folder / "src/depthtransfer"
    module = source / "figures/transfer.py"
    text = module.read_text()
    module.write_text("# a comment\n" + text)
    unrelated = source / "models/vit.py"
    unrelated.write_text(unrelated.read_text() + "\nUNRELATED = 1\n")
    assert "Nothing to be done" in project.snakemake(FIGURE)
    module.write_text(text.replace("_MOST_COLUMNS = 4", "_MOST_COLUMNS = 3"))
    output = project.snakemake(FIGURE)
    assert "Draw figures/fig1.pdf" in output
    assert "Train" not in output
    assert "Find the optima" not in output


def test_bad_requests_are_one_line_without_traceback(project):
    cases = {
        "figures/fig99.pdf": "figures/fig99.pdf is not known; write figures/NAME.pdf",
        "figures/laptop/fig1.pdf": "PRESET one of",
        "fig1": "write figures/fig1.pdf",
        str(project.folder / FIGURE): "write figures/fig1.pdf",
    }
    for target, expected in cases.items():
        output = project.snakemake(target, code=1)
        lines = [line for line in output.splitlines() if line.startswith("depthtransfer: ")]
        assert len(lines) == 1
        assert expected in lines[0]
        assert "Traceback" not in output
    preset = project.folder / "config/presets/smoke.yaml"
    text = preset.read_text()
    for wrong, expected in (
        (text.replace("steps: 4", "stepz: 4"), "stepz"),
        (text.replace("depths: [3, 6]", "depths: [3, 7]"), "depth = 7"),
    ):
        preset.write_text(wrong)
        output = project.snakemake(RUNS, code=1)
        assert "Traceback" not in output
        (line,) = [line for line in output.splitlines() if line.startswith("depthtransfer: ")]
        assert "config/presets/smoke.yaml" in line
        assert expected in line
    assert not Path(project.folder / "results").exists()


def test_a_preset_without_theory_beside_files_in_the_works(project):
    """Only what asks for a broken file, or for a theory that there is not, is refused."""
    config = project.folder / "config"
    (config / "presets/mine.yaml").write_text((config / "presets/smoke.yaml").read_text().replace("smoke", "my own"))
    for folder in ("presets", "experiments", "theory"):
        (config / folder / "broken.yaml").write_text("title: half writ\nexperiments: [")
    output = project.snakemake("--dry-run", "--", "results/mine/report.html")
    assert "Draw figures/mine/fig1.pdf" in output
    assert "results/mine/theory" not in output
    for target, said in (
        ("figures/mine/fig6.pdf", "theory scale of preset 'mine' is unknown"),
        ("figures/broken/fig1.pdf", "config/presets/broken.yaml is not valid YAML"),
    ):
        output = project.snakemake("--dry-run", "--", target, code=1)
        (line,) = {line for line in output.splitlines() if line.startswith("depthtransfer: ")}
        assert said in line
