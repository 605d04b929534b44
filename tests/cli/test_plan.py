"""What targets cost, priced before anything runs."""

import json
from typing import Any

import pytest

from depthtransfer.cli import main
from depthtransfer.cli.plan import duration
from depthtransfer.sweeps.grid import load_runs

EXPERIMENT = "cnn_learning_rate_sp"
TINY = (EXPERIMENT, "--preset", "tiny", "--no-measure")


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["plan", *words]) == code
    return capsys.readouterr().out


def costs(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(printed(capsys, "--json", *words))


def row(output: str, start: str) -> list[str]:
    found = [line.split() for line in output.splitlines() if line.strip().startswith(f"{start} ")]
    assert found, output
    return found[-1]


def test_counts_what_is_stored_and_what_is_to_train(trained_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    trained_project.write_preset(seeds=[0, 1])
    output = printed(capsys, *TINY, "--workers", "3")
    assert row(output, EXPERIMENT)[:4] == [EXPERIMENT, "6", "3", "3"]
    missing = sum(request.flops for request in load_runs("tiny", EXPERIMENT).requests[3:])
    assert float(row(output, EXPERIMENT)[4]) == pytest.approx(missing / 1e15, rel=0.01)
    assert "on 3 cores, speed typical" in output


def test_a_figure_by_path_and_by_name(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    by_path = printed(capsys, "figures/paper/fig1.pdf", "--no-measure")
    by_name = printed(capsys, "fig1", "--preset", "paper", "--no-measure")
    assert row(by_path, "cnn_learning_rate")[:4] == ["cnn_learning_rate", "960", "0", "960"]
    assert by_path.splitlines()[1:] == by_name.splitlines()[1:]


def test_with_everything_stored_nothing_is_timed(trained_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    everything = costs(capsys, EXPERIMENT, "--preset", "tiny")
    assert everything["speed"] == "typical"
    assert everything["total"]["hours"] == {"here": 0, "a100": 0, "h100": 0}
    assert everything["total"]["disk_mb"] == 0


def test_this_machine_is_timed_on_all_workers(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    timed = costs(capsys, EXPERIMENT, "--preset", "tiny", "--workers", "2")
    assert timed["speed"] == "measured"
    assert 1 < 3600 * timed["total"]["hours"]["here"] < 600


def test_json_says_all_that_a_script_needs(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("figures/paper/fig1.pdf", "figures/fig7.png", "--no-measure", "--on", "h100", "--shard-minutes", "30")
    content = costs(capsys, *words)
    assert set(content) == {"workers", "speed", "experiments", "studies", "total"}
    (experiment,), (study,) = content["experiments"], content["studies"]
    assert (experiment["preset"], experiment["missing"]) == ("paper", 960)
    assert set(experiment["cost"]) == {"here", "h100"}
    assert set(experiment["cost"]["h100"]) == {"seconds", "mem_mb", "gpu_mem_mb", "disk_mb"}
    jobs = experiment["jobs"]["h100"]
    assert 25 * 60 < jobs["most"]["seconds"] < 40 * 60
    assert jobs["asked"]["gpus"] == 1
    assert 60 * jobs["asked"]["minutes"] > jobs["most"]["seconds"]
    assert jobs["count"] * jobs["asked"]["workers"] * jobs["most"]["seconds"] > experiment["cost"]["h100"]["seconds"]
    assert (study["preset"], study["study"], study["stored"]) == ("smoke", "fig7", 0)
    assert content["total"]["hours"]["here"] > content["total"]["theory_hours"] > 0


def test_networks_that_do_not_fit_are_named(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    output = printed(capsys, "fig3", "--preset", "paper", "--no-measure", "--on", "t4,8xh100")
    tight = [line for line in output.splitlines() if "do not fit" in line]
    assert "8 x NVIDIA H100 SXM: " in output
    assert len(tight) == 1
    assert tight[0].startswith("vit_cosine_learning_rate needs 2")
    assert "NVIDIA T4, which has 16" in tight[0]


def test_what_several_targets_share_is_priced_once(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    alone = costs(capsys, "fig3", "--no-measure")
    both = costs(capsys, "fig3", "figB3", "--no-measure")
    assert alone["total"] == both["total"]


def test_numbers_are_whole_on_a_narrow_terminal(
    tiny_project: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    output = printed(capsys, "all", "--preset", "paper", "--no-measure", "--on", "t4,a100,h100")
    assert "…" not in output
    assert "resnet18_bn_learning_rate" in output


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0"), (30, "0.5 min"), (3599, "60 min"), (3600, "1 h"), (1e5, "28 h"), (1e8, "27778 h")]
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text
