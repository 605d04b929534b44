from pathlib import Path

import pytest

from depthtransfer.configuration import load_theory, names
from depthtransfer.errors import ConfigurationError
from depthtransfer.registry import STUDIES
from depthtransfer.studies.plan import solutions

from .tiny import NETWORKS, scale

CONFIG = Path(__file__).parents[2] / "config"


def keys(study, **sections):
    return {each.key for each in solutions(scale(**sections), study)}


@pytest.mark.parametrize("preset", sorted(set(names(CONFIG / "presets")) - {"full"}))  # `full` is of networks alone
@pytest.mark.parametrize("study", STUDIES)
def test_every_preset_has_every_study(preset, study):
    content = load_theory(preset, CONFIG)
    assert preset.startswith(content.title)
    asked = solutions(content, study)
    assert len({(each.part, each.key) for each in asked}) == len(asked)
    assert any(each.is_ensemble for each in asked)
    first_ensemble = next(i for i, each in enumerate(asked) if each.is_ensemble)
    assert all(each.is_ensemble for each in asked[first_ensemble:]), "theory first"


def test_one_value_more_asks_for_what_is_new_alone():
    before, after = keys("fig7"), keys("fig7", fig7={"gamma0": [0.5, 1.0, 2.0]})
    assert before < after
    new = [each for each in solutions(scale(fig7={"gamma0": [0.5, 1.0, 2.0]}), "fig7") if each.key not in before]
    assert {each.specification["gamma0"] for each in new} == {2.0}


def test_more_seeds_keep_the_blocks_there_are():
    more = [{**NETWORKS[0], "seeds": 48}]
    before, after = keys("rates"), keys("rates", rates={"networks": more})
    assert before < after
    assert len(after) - len(before) == 4, "one block more for each width and depth"


def test_every_network_has_the_theory_of_its_depth():
    for study in ("fig6", "fig7", "rates"):
        asked = solutions(scale(), study)
        exact = {(each.part, each.specification["depth"]) for each in asked if not each.is_ensemble}
        assert {(each.part, each.specification["depth"]) for each in asked if each.is_ensemble} <= exact


def test_an_unknown_study_lists_the_known_ones():
    with pytest.raises(ConfigurationError, match="fig6, fig7, rates, optimum"):
        solutions(scale(), "fig8")
