"""Which solutions a study asks for, at the scale of a preset. Light: nothing is solved or read here."""

import math
from collections.abc import Iterator
from typing import Any

from depthtransfer.configuration import STUDIES, TheoryScale
from depthtransfer.configuration.theory import (
    Ensembles,
    KernelStudy,
    Networks,
    OptimumStudy,
    RateStudy,
    TrainingStudy,
)
from depthtransfer.errors import ConfigurationError
from depthtransfer.studies.solution import Problem, Solution, solution


def solutions(scale: TheoryScale, study: str) -> tuple[Solution, ...]:
    """Solutions of a study, theory first and each once.

    Raises:
        ConfigurationError: if there is no study of this name.
    """
    if study not in STUDIES:
        raise ConfigurationError(f"study {study!r} is unknown", f"choose one of {', '.join(STUDIES)}")
    asked = {
        "fig6": lambda: _kernels(scale.fig6),
        "fig7": lambda: _training(scale.fig7),
        "rates": lambda: _rates(scale.rates),
        "optimum": lambda: _optimum(scale.optimum),
    }[study]()
    once = {(each.part, each.key): each for each in asked}
    return tuple(sorted(once.values(), key=lambda each: each.is_ensemble))


def _layer_times(depths: set[int]) -> tuple[float, ...]:
    """Layer times of all sites of networks of these depths."""
    return tuple(sorted({site / depth for depth in depths for site in range(depth + 1)}))


def _depths(networks: Networks) -> set[int]:
    return {depth for grid in networks for depth in grid.depths}


def _blocks(grid: Ensembles) -> Iterator[dict[str, int]]:
    """Sizes and seeds of all blocks of a grid."""
    block = min(grid.block, grid.seeds)
    for depth in grid.depths:
        for width in grid.widths:
            for first in range(0, grid.seeds, block):
                yield {"depth": depth, "width": width, "first_seed": first, "seeds": block}


def _kernels(study: KernelStudy) -> Iterator[Solution]:
    pair = Problem(((1.0, study.correlation), (study.correlation, 1.0)), (0.0, 0.0))
    depths = {*study.depths, *_depths(study.networks)}
    for name in study.activations:
        yield solution("kernels", "initial", pair, activation=name, tau=_layer_times(depths))
        for depth in sorted(depths):
            yield solution("kernels", "initial", pair, activation=name, depth=depth)
        for grid in study.networks:
            for sizes in _blocks(grid):
                yield solution("kernels", "ensemble", pair, activation=name, report="profile", **sizes)


def _training(study: TrainingStudy) -> Iterator[Solution]:
    one = Problem.one_datum(study.target)
    for gamma0 in study.gamma0:
        common: dict[str, Any] = {
            "gamma0": gamma0,
            "learning_rate": study.learning_rate,
            "updates": study.updates,
            "report": "training",
        }
        yield solution("training", "descent", one, from_depths=study.limit_depths, **common)
        for depth in sorted(_depths(study.networks)):
            yield solution("training", "descent", one, depth=depth, **common)
        for grid in study.networks:
            for sizes in _blocks(grid):
                yield solution("training", "ensemble", one, **common, **sizes)
    step = study.one_step
    depths = {*step.depths, *_depths(step.networks)}
    for gamma0 in step.gamma0:
        common = {"gamma0": gamma0, "learning_rate": step.learning_rate, "updates": 1}
        yield solution("one_step", "one_step", one, tau=_layer_times(depths), **common)
        for depth in sorted(depths):
            yield solution("one_step", "descent", one, depth=depth, report="profile", **common)
        for grid in step.networks:
            for sizes in _blocks(grid):
                yield solution("one_step", "ensemble", one, report="profile", **common, **sizes)


def _rates(study: RateStudy) -> Iterator[Solution]:
    one = Problem.one_datum(study.target)
    common: dict[str, Any] = {
        "gamma0": study.gamma0,
        "learning_rate": study.learning_rate,
        "updates": study.updates,
        "report": "final",
    }
    yield solution("final", "descent", one, from_depths=study.limit_depths, **common)
    for depth in sorted({*study.depths, *_depths(study.networks)}):
        yield solution("final", "descent", one, depth=depth, **common)
    for grid in study.networks:
        for sizes in _blocks(grid):
            yield solution("final", "ensemble", one, **common, **sizes)
    same = study.identity
    for branch in ({"beta": math.sqrt(same.depth)}, {"alpha": 0.0, "rate_exponent": 0.0}):
        asked: dict[str, Any] = {
            **branch,
            "depth": same.depth,
            "gamma0": same.gamma0,
            "learning_rate": same.learning_rate,
            "updates": same.updates,
            "report": "training",
        }
        yield solution("identity", "descent", one, **asked)
        yield solution("identity", "ensemble", one, width=same.width, first_seed=0, seeds=same.seeds, **asked)


def _optimum(study: OptimumStudy) -> Iterator[Solution]:
    data = Problem(study.kernel, study.targets)
    at = {"gamma0": study.gamma0, "beta": study.beta, "updates": study.updates}
    for depth in (None, *study.depths):
        yield solution("curve", "losses", data, depth=depth, learning_rate=study.learning_rates, **at)
        yield solution("curve", "optimum", data, depth=depth, derivatives=depth is None, **at)
    for depth in study.depths:
        for width in study.widths:
            sizes = {"depth": depth, "width": width, "first_seed": 0, "seeds": study.seeds}
            yield solution("curve", "measured_optimum", data, learning_rate=study.learning_rates, **at, **sizes)
    for gamma0 in study.gamma0_range:
        yield solution("motion", "optimum", data, derivatives=True, **{**at, "gamma0": gamma0})
    for beta in study.beta_range:
        yield solution("motion", "optimum", data, derivatives=True, **{**at, "beta": beta})
