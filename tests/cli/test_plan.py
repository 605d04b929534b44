"""What targets cost, priced before anything runs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from depthtransfer.cli.bill_tables import duration
from depthtransfer.cli.targets import Target, resolve
from depthtransfer.pricing.budget import Budget, OverBudgetError

from depthtransfer.cli import main
from depthtransfer.configuration import STUDIES, load_preset
from depthtransfer.errors import UserError
from depthtransfer.sweeps.grid import load_runs

EXPERIMENT = "cnn_learning_rate_sp"
TINY = (EXPERIMENT, "--preset", "tiny", "--no-measure")
RULES = Path(__file__).parents[2] / "workflow/rules"


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["plan", *words]) == code
    return capsys.readouterr().out


def bill(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
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
    everything = bill(capsys, EXPERIMENT, "--preset", "tiny", "--budget", "0min")
    assert everything["speed"] == "typical"
    assert everything["total"]["hours"] == {"here": 0, "a100": 0, "h100": 0}
    assert everything["total"]["disk_mb"] == 0


def test_this_machine_is_timed_on_all_workers(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    timed = bill(capsys, EXPERIMENT, "--preset", "tiny", "--workers", "2")
    assert timed["speed"] == "measured"
    assert 1 < 3600 * timed["total"]["hours"]["here"] < 600


def test_json_says_all_that_a_script_needs(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("figures/paper/fig1.pdf", "figures/fig7.png", "--no-measure", "--on", "h100", "--shard-minutes", "30")
    content = bill(capsys, *words)
    assert set(content) == {"workers", "speed", "experiments", "studies", "total"}
    (experiment,), (study,) = content["experiments"], content["studies"]
    assert (experiment["preset"], experiment["missing"]) == ("paper", 960)
    assert set(experiment["needs"]) == {"here", "h100"}
    assert set(experiment["needs"]["h100"]) == {"seconds", "mem_mb", "gpu_mem_mb", "disk_mb"}
    jobs = experiment["shards"]["h100"]
    assert 25 * 60 < jobs["most"]["seconds"] < 40 * 60
    assert jobs["asked"]["gpus"] == 1
    assert 60 * jobs["asked"]["minutes"] > jobs["most"]["seconds"]
    assert jobs["count"] * jobs["asked"]["workers"] * jobs["most"]["seconds"] > experiment["needs"]["h100"]["seconds"]
    assert (study["preset"], study["study"], study["missing"]) == ("smoke", "fig7", study["solutions"])
    assert content["total"]["hours"]["here"] > content["total"]["theory_hours"] > 0


def test_networks_that_do_not_fit_are_named(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    output = printed(capsys, "fig3", "--preset", "paper", "--no-measure", "--on", "t4,h100")
    tight = [line for line in output.splitlines() if "do not fit" in line]
    assert len(tight) == 1
    assert tight[0].startswith("vit_cosine_learning_rate needs 2")
    assert "NVIDIA T4, which has 16" in tight[0]


def test_what_several_targets_share_is_priced_once(tiny_project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    alone = bill(capsys, "fig3", "--no-measure")
    both = bill(capsys, "fig3", "figB3", "--no-measure")
    assert alone["total"] == both["total"]


def test_numbers_are_whole_on_a_narrow_terminal(
    tiny_project: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    output = printed(capsys, "all", "--preset", "paper", "--no-measure", "--on", "t4,a100,h100")
    assert "…" not in output
    assert "resnet18_bn_learning_rate" in output


@pytest.mark.parametrize(
    ("budget", "code"), [("10min", 6), ("1000d", 0), ("1h@h100", 6), ("1000h@h100", 0), (".5h@l4", 6)]
)
def test_a_budget_refuses_what_costs_more(
    tiny_project: Any, capsys: pytest.CaptureFixture[str], budget: str, code: int
) -> None:
    assert main(["plan", "fig1", "--preset", "paper_40", "--no-measure", "--budget", budget]) == code
    said = capsys.readouterr().err.splitlines()
    assert len(said) == (code != 0)
    if code:
        assert f"the budget is {budget}" in said[0]


def test_a_budget_is_met_exactly() -> None:
    budget = Budget.parse("90min")
    assert (budget.hours, budget.machine) == (1.5, None)
    budget.check(1.5, "this")
    with pytest.raises(OverBudgetError, match=r"this takes 1\.51 hours here"):
        budget.check(1.51, "this")
    assert Budget.parse("2d@rtx4090").machine == "rtx4090"


def outputs() -> list[str]:
    """Every file that a rule makes for a preset, other than by its name alone."""
    texts = "\n".join(path.read_text(encoding="utf-8") for path in sorted(RULES.glob("*.smk")))
    produced = re.findall(r"output:(.*?)(?:log|benchmark|conda|wildcard_constraints|params):", texts, flags=re.DOTALL)
    found = {name for block in produced for name in re.findall(r'"((?:results|figures)/[^"]+)"', block)}
    values = {
        "preset": "smoke",
        "experiment": "cnn_alpha",
        "study": "fig6",
        "folder": "paper/",
        "figure": "figM1",
        "shard": "1",
        "shards": "4",
    }
    return sorted(name.format(**values) for name in found - {"figures/{unknown}"})


@pytest.mark.parametrize("target", outputs())
def test_whatever_a_rule_makes_is_a_target(target: str) -> None:
    found = resolve(target)
    assert found.preset == ("paper" if "paper" in target else "smoke")
    assert found.experiments or found.studies


def test_there_are_rules_to_look_at() -> None:
    assert {"results/smoke/report.html", "figures/paper/figM1.png"} < set(outputs())


def test_what_stands_behind_a_target() -> None:
    assert resolve("figures/paper/fig2.csv") == Target("paper", ("resnet18_bn_learning_rate",))
    assert resolve("./figures/rates.pdf") == Target("smoke", (), ("rates",))
    assert resolve("results/paper/theory/optimum.parquet") == Target("paper", (), ("optimum",))
    assert resolve("results/reference/cnn_alpha/transfer.csv") == Target("reference", ("cnn_alpha",))
    everything = Target("desktop", tuple(load_preset("desktop").experiments), STUDIES)
    assert resolve("results/desktop/claims.csv") == resolve("report", "desktop") == everything
    drawn = resolve("all", "desktop")
    without_figure = {"cnn_updates"}
    assert set(drawn.experiments) == set(everything.experiments) - without_figure
    assert set(drawn.studies) == set(STUDIES)


@pytest.mark.parametrize(
    "target",
    [
        *("results/smoke/nothing.csv", "results/smoke/cnn_alpha/nothing.csv", "results/smoke/nothing/runs.parquet"),
        *("results/nothing/claims.csv", "results/smoke/theory/fig8.parquet", "results/smoke/theory/fig6.csv"),
        *("figures/fig1.svg", "results", "figures", "results/smoke", "/figures/fig1.pdf", "tables"),
    ],
)
def test_what_no_rule_makes_is_refused(target: str) -> None:
    if target == "figures":
        assert resolve(target).experiments, "all figures of a preset"
    else:
        with pytest.raises(UserError):
            resolve(target)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0"), (30, "0.5 min"), (3599, "60 min"), (3600, "1 h"), (1e5, "28 h"), (1e8, "27778 h")]
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text
