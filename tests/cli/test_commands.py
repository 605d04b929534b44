import json
import re
from pathlib import Path
from typing import Any

import pytest

from depthtransfer.cli import main
from depthtransfer.data import load_declarations
from depthtransfer.sweeps.grid import load_runs
from depthtransfer.sweeps.spec import ENGINE_VERSION

EXPERIMENT = "cnn_learning_rate_sp"


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(words) == code
    return capsys.readouterr().out


def row(output: str, *starts: str) -> list[str]:
    """Cells of the printed row that holds some words."""
    found = [re.findall(r"[^\s│┃|]+", line) for line in output.splitlines() if all(word in line for word in starts)]
    assert len(found) == 1, output
    return found[0]


def test_status_of_one_preset(trained_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    output = printed(capsys, "status", "tiny")
    assert row(output, "tiny", EXPERIMENT) == ["tiny", EXPERIMENT, "3", "3", "0", "0"]
    assert "smoke" not in output


def test_status_of_all_is_whole_in_a_pipe_and_passes_over_what_is_broken(tiny_project: Any) -> None:
    Path("config/presets/broken.yaml").write_text("title: half writ\nexperiments: {cnn_learning_rate: [")
    output, errors = tiny_project.run("status")
    assert "…" not in output
    assert row(output, "smoke", EXPERIMENT) == ["smoke", EXPERIMENT, "80", "0", "80", "0"]
    assert row(output, "paper_40", EXPERIMENT) == ["paper_40", EXPERIMENT, "768", "0", "768", "0"]
    assert row(output, "reference", "vit_no_norm_learning_rate")[:2] == ["reference", "vit_no_norm_learning_rate"]
    (line,) = errors.splitlines()
    assert "config/presets/broken.yaml is not valid YAML" in line
    assert "broken.yaml" in tiny_project.run("status", "broken", code=2)[1]


def test_status_counts_runs_that_are_in_the_middle(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    unfinished = Path("results/store/unfinished")
    unfinished.mkdir(parents=True)
    for request in load_runs("tiny", EXPERIMENT).requests[:2]:
        (unfinished / f"{request.spec.key}.safetensors").touch()
    assert row(printed(capsys, "status", "tiny"), "tiny", EXPERIMENT) == ["tiny", EXPERIMENT, "3", "0", "3", "2"]


def test_data_list_and_check(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    listed = printed(capsys, "data", "list").splitlines()
    assert [line.split(":")[0] for line in listed] == list(load_declarations(Path("config/datasets.yaml")))
    assert printed(capsys, "data", "check", "digits") == "digits: 1438 training images, fingerprint verified\n"


def draw_pets(folder: Path, size: tuple[int, int] = (4, 4)) -> None:
    """Two classes, one image of each in either split; the cats of the training split are grey."""
    image = pytest.importorskip("PIL.Image")
    for number, (split, kind) in enumerate([(s, k) for s in ("train", "test") for k in ("cat", "dog")]):
        place = folder / "data/pets" / split / kind
        place.mkdir(parents=True)
        drawn = image.new("RGB", size, (60 * number, 0, 0))
        drawn.convert("L" if number == 0 else "RGB").save(place / "1.png")


def test_data_declare_prints_an_entry_that_can_be_used(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    draw_pets(tiny_project.folder)
    entry = printed(capsys, "data", "declare", "pets", "data/pets")
    with Path("config/datasets.yaml").open("a") as declarations:
        declarations.write("\n" + entry)
    assert "# converted to RGB: 1 of mode L" in entry
    assert "pets" in printed(capsys, "data", "list")
    assert printed(capsys, "data", "check", "pets").startswith("pets: 2 training images")


def test_a_fingerprint_is_found_and_entered(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    draw_pets(tiny_project.folder, (12, 10))
    entry = printed(capsys, "data", "declare", "pets", "data/pets", "--size", "8", "--streamed")
    declared = re.search("fingerprint: (.*)", entry)
    assert declared is not None
    file = Path("config/datasets.yaml")
    before = file.read_text()
    file.write_text(before + "\n" + entry.replace(declared[1], "null"))
    tiny_project.write_preset(dataset="pets", batch_size=2)
    assert main(["data", "check", "pets"]) == 3
    refusals = [capsys.readouterr().err.splitlines()]
    assert main(["train", EXPERIMENT, "--preset", "tiny"]) == 3
    refusals.append(capsys.readouterr().err.splitlines())
    for refusal in refusals:
        assert len(refusal) == 1
        assert "depthtransfer data fingerprint pets" in refusal[0]
    found = printed(capsys, "data", "fingerprint", "pets")
    assert found == f"  fingerprint: {declared[1]}\n"
    file.write_text(before + "\n" + entry.replace(declared[1], found.split()[-1]))
    assert main(["data", "check", "pets"]) == 0
    assert capsys.readouterr().err == "", "what was verified for the fingerprint is verified again"
    tiny_project.train()


def test_a_manifest_and_a_log_are_written(trained_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--preset", "tiny", "--manifest", "m/1.txt", "--log", "l/1.log", "--shard", "1/2")
    assert printed(capsys, "train", EXPERIMENT, *words) == ""
    keys = [request.spec.key for request in load_runs("tiny", EXPERIMENT).requests]
    assert set(Path("m/1.txt").read_text().split()) < set(keys)
    assert Path("l/1.log").read_text() == f"tiny/{EXPERIMENT}: 2 runs, 0 trained, the others stored\n"


def test_figure_draws_pdf_png_and_csv(invented_tables: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "figure", "figB1", "--preset", "tiny", "--output", "out/figure.pdf") == ""
    assert Path("out/figure.pdf").read_bytes().startswith(b"%PDF")
    assert Path("out/figure.png").read_bytes().startswith(b"\x89PNG")
    assert len(Path("out/figure.csv").read_text().splitlines()) > 5
    assert printed(capsys, "figure", "figB1", "--preset", "tiny") == ""
    for suffix in ("pdf", "png", "csv"):
        assert Path(f"figures/tiny/figB1.{suffix}").read_bytes() == Path(f"out/figure.{suffix}").read_bytes()


def test_figure_of_a_data_set_that_is_declared_no_more(
    invented_tables: None, capsys: pytest.CaptureFixture[str]
) -> None:
    declarations = Path("config/datasets.yaml")
    declarations.write_text(declarations.read_text().replace("\ndigits:", "\nnumerals:"))
    assert printed(capsys, "figure", "figB1", "--preset", "tiny", "--output", "figure.pdf") == ""


def test_collect_writes_runs_statistics_and_provenance(
    trained_project: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from depthtransfer.tables.columns import PROVENANCE
    from depthtransfer.tables.frames import read_table

    printed(capsys, "collect", EXPERIMENT, "--preset", "tiny")
    folder = Path("results/tiny") / EXPERIMENT
    statistics = {"optimum", "transfer", "regret", "stability", "loss_order", "fast_transfer", "diagnosis"}
    assert {path.stem for path in folder.glob("*.csv")} == statistics
    tables = {"runs", "steps", "probes", "updates", "streams", "provenance", "optima"}
    assert {path.stem for path in folder.glob("*.parquet")} == tables
    made = read_table(folder / "provenance.parquet", PROVENANCE)
    assert set(made["layer"]) == {"local"}
    assert {"python", "torch", "numpy"} <= json.loads(made["versions"][0]).keys()
    assert set(made["engine"]) == {ENGINE_VERSION}
    assert set(made["data"]) == {load_declarations(Path("config/datasets.yaml"))["digits"].identity}
    assert (made["seconds"] > 0).all()
