"""The price of the theory: each program once, and more for more."""

from depthtransfer.configuration import load_theory
from depthtransfer.pricing.theory import seconds
from depthtransfer.registry import STUDIES
from depthtransfer.studies.plan import solutions


def test_nothing_takes_no_time() -> None:
    assert seconds([]) == 0


def test_larger_presets_take_longer_in_every_study() -> None:
    for study in STUDIES:
        of_presets = [seconds(solutions(load_theory(name), study)) for name in ("smoke", "reference", "paper")]
        assert of_presets == sorted(of_presets)
        assert of_presets[0] > 5


def test_a_solution_asked_for_twice_is_priced_once() -> None:
    asked = solutions(load_theory("smoke"), "fig7")
    assert seconds([*asked, *asked]) == seconds(asked)


def test_smoke_takes_about_what_it_took() -> None:
    """Two minutes and a quarter on a quiet core before the study `linear`, which is about as long as `nonlinear`."""
    total = sum(seconds(solutions(load_theory("smoke"), study)) for study in STUDIES)
    assert 165 / 1.5 < total < 165 * 1.5
