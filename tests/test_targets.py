"""What stands behind a target."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from depthtransfer import targets
from depthtransfer.configuration import load_preset
from depthtransfer.errors import UserError
from depthtransfer.registry import STUDIES
from depthtransfer.targets import TABLES, Target, resolve

RULES = Path(__file__).parents[1] / "workflow/rules"


def outputs() -> list[str]:
    """Every file that a rule makes for a preset, other than by its name alone."""
    texts = "\n".join(path.read_text(encoding="utf-8") for path in sorted(RULES.glob("*.smk")))
    produced = re.findall(r"output:(.*?)(?:log|benchmark|conda|wildcard_constraints|params):", texts, flags=re.DOTALL)
    found = {name for block in produced for name in re.findall(r'"((?:results|figures)/[^"]+)"', block)}
    found = {n for n in found if "{{" not in n} | {
        f"results/{{preset}}/{{experiment}}/{file}" for file in TABLES.values()
    }
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


def test_a_preset_without_theory_lacks_only_what_needs_it(tiny_project: Any) -> None:
    presets = tiny_project.folder / "config/presets"
    content = yaml.safe_load((presets / "smoke.yaml").read_text()) | {"title": "my own"}
    (presets / "mine.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    assert targets.figures_of("mine") == tuple(n for n in targets.figures_of("smoke") if not resolve(n).studies)
    assert resolve("report", "mine") == Target("mine", tuple(content["experiments"]))
    behind = targets.read_by_figure("mine", "fig1")
    assert {path.parent for path in behind} == {Path("results/mine/cnn_learning_rate")}
    assert {path.stem for path in behind} == {"runs", "steps", "probes", "updates", "streams", "provenance", "optima"}
    with pytest.raises(UserError):
        resolve("results/mine/theory/fig6.parquet")
