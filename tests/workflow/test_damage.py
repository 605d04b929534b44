"""Real Snakemake runs on damaged tables and manifests, and with a clock that went backwards."""

import os
import shutil
import time

import pytest

FIGURE = "figures/fig1.pdf"
RUNS = "results/smoke/cnn_learning_rate/runs.parquet"
FOLDER = "results/smoke/cnn_learning_rate"


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def message(output):
    """The line for the user; Snakemake shows it when it comes and once more in the log."""
    (line,) = {line for line in output.splitlines() if line.startswith("depthtransfer: ")}
    return line


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [flip_a_bit, lambda path: shutil.copy(path.with_name("steps.parquet"), path)],
    ids=["bit", "foreign"],
)
def test_a_damaged_table_is_never_plotted_and_is_rebuilt_when_it_is_needed(built, damage):
    table, figure = built.read(RUNS), built.read(FIGURE)
    damage(built.folder / RUNS)
    output = built.snakemake(FIGURE, code=1)
    assert "Traceback" not in output
    line = message(output)
    assert RUNS in line
    assert "set aside as runs.parquet.damaged-" in line
    assert f"run: snakemake {RUNS}" in line
    (built.folder / FIGURE).unlink(missing_ok=True)
    output = built.snakemake(FIGURE)
    assert "Train" not in output
    assert built.read(RUNS) == table
    assert built.read(FIGURE) == figure


@pytest.mark.slow
def test_damaged_manifests_lose_nothing_and_hide_nothing(built):
    """A manifest is a stamp for Snakemake; what is stored is asked of the store."""
    table, figure = built.read(RUNS), built.read(FIGURE)
    manifest = built.folder / FOLDER / "shards/1-of-1.txt"
    first, second, *_ = sorted((built.folder / "results/store").rglob("*.parquet"))
    first.unlink()
    flip_a_bit(second)
    manifest.write_bytes(b"\0\xff" * 40)
    output = built.snakemake(FIGURE)
    assert "2 runs missing or damaged, training them now" in output
    assert built.read(RUNS) == table
    assert built.read(FIGURE) == figure
    manifest.unlink()
    built.snakemake(FIGURE)
    assert built.read(RUNS) == table


@pytest.mark.slow
def test_a_clock_that_went_backwards_changes_nothing(built):
    """Everything seems to have been made tomorrow, in an order that cannot be."""
    table, figure = built.read(RUNS), built.read(FIGURE)
    tomorrow = time.time() + 24 * 3600
    for number, path in enumerate(sorted((built.folder / "results").rglob("*"), reverse=True)):
        os.utime(path, (tomorrow + 60 * number,) * 2)
    built.snakemake(FIGURE)
    assert built.read(RUNS) == table
    assert built.read(FIGURE) == figure
    built.set_rates(0.25, 0.5, 1.0)
    built.snakemake(FIGURE)
    assert len(built.stored()) == 16 + 8
