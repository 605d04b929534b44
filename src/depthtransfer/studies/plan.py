"""Which solutions a study asks for, at the scale of a preset. Light: nothing is solved or read here."""

import itertools
import math
from collections.abc import Iterator
from typing import Any, Literal

from depthtransfer.configuration import TheoryScale
from depthtransfer.configuration.theory import (
    KernelStudy,
    LinearStudy,
    Networks,
    NonlinearStudy,
    OptimumStudy,
    RateStudy,
    TrainingStudy,
)
from depthtransfer.errors import ConfigurationError
from depthtransfer.registry import STUDIES
from depthtransfer.studies.solution import Inputs, Solution, solution

MOST_SOLUTIONS = 10_000
MOST_LAYERS = 100_000
"""More in one study is taken for a slip of the pen."""

Constants = dict[str, Any]
Report = Literal["profile", "training", "final", "quarters"]
"""What an ensemble or an exact descent reports: kernels over layer time; every update; the last update; the features
at quarters of the depth after every update."""


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
        "nonlinear": lambda: _nonlinear(scale.nonlinear),
        "linear": lambda: _linear(scale.linear),
    }[study]()
    once: dict[tuple[str, str], Solution] = {}
    for count, each in enumerate(asked, start=1):
        once[each.part, each.key] = each
        if count > MOST_SOLUTIONS:
            raise ConfigurationError(
                f"{study} asks for more than {MOST_SOLUTIONS} solutions", "give fewer sizes, or larger blocks of seeds"
            )
    return tuple(sorted(once.values(), key=lambda each: each.is_ensemble))


def _layer_times(depths: set[int]) -> tuple[float, ...]:
    """Layer times of all sites of networks of these depths."""
    if sum(depths) > MOST_LAYERS:
        raise ConfigurationError(f"depths add up to {sum(depths)}", f"give at most {MOST_LAYERS} together")
    return tuple(sorted({site / depth for depth in depths for site in range(depth + 1)}))


def _depths(networks: Networks) -> set[int]:
    return {depth for grid in networks for depth in grid.depths}


def _ensembles(part: str, problem: Inputs, networks: Networks, report: Report, **given: Any) -> Iterator[Solution]:
    """All blocks of all grids."""
    for grid in networks:
        block = min(grid.block, grid.seeds)
        for depth, width in itertools.product(grid.depths, grid.widths):
            for first in range(0, grid.seeds, block):
                yield solution(
                    part, "ensemble", problem, depth=depth, width=width, report=report, first_seed=first, seeds=block,
                    **given,
                )  # fmt: skip


def _kernels(study: KernelStudy) -> Iterator[Solution]:
    pair = Inputs(((1.0, study.correlation), (study.correlation, 1.0)), (0.0, 0.0))
    depths = {*study.depths, *_depths(study.networks)}
    for name in study.activations:
        yield solution("kernels", "initial", pair, activation=name, tau=_layer_times(depths))
        for depth in sorted(depths):
            yield solution("kernels", "initial", pair, activation=name, depth=depth)
        yield from _ensembles("kernels", pair, study.networks, "profile", activation=name)


def _training(study: TrainingStudy) -> Iterator[Solution]:
    one = Inputs.one_datum(study.target)
    depths = _depths(study.networks)
    for gamma0 in study.gamma0:
        yield from _descents("training", one, depths, study, gamma0, "training")
    step = study.one_step
    depths = {*step.depths, *_depths(step.networks)}
    for gamma0 in step.gamma0:
        given: Constants = {"gamma0": gamma0, "learning_rate": step.learning_rate, "updates": 1}
        yield solution("one_step", "one_step", one, tau=_layer_times(depths), **given)
        for depth in sorted(depths):
            yield solution("one_step", "descent", one, depth=depth, report="profile", **given)
        yield from _ensembles("one_step", one, step.networks, "profile", **given)


def _descents(
    part: str,
    problem: Inputs,
    depths: set[int],
    study: TrainingStudy | RateStudy | LinearStudy,
    gamma0: float,
    report: Report,
    **more: Any,
) -> Iterator[Solution]:
    """The limit, exact finite depths and ensembles of one training."""
    given: Constants = {"gamma0": gamma0, "learning_rate": study.learning_rate, "updates": study.updates, **more}
    yield solution(part, "descent", problem, from_depths=study.limit_depths, report=report, **given)
    for depth in sorted(depths):
        yield solution(part, "descent", problem, depth=depth, report=report, **given)
    yield from _ensembles(part, problem, study.networks, report, **given)


def _rates(study: RateStudy) -> Iterator[Solution]:
    one = Inputs.one_datum(study.target)
    depths = {*study.depths, *_depths(study.networks)}
    yield from _descents("final", one, depths, study, study.gamma0, "final")
    same = study.identity
    given: Constants = {"gamma0": same.gamma0, "learning_rate": same.learning_rate, "updates": same.updates}
    branches: tuple[Constants, ...] = ({"beta": math.sqrt(same.depth)}, {"alpha": 0.0, "rate_exponent": 0.0})
    for branch in branches:
        asked: Constants = {**given, **branch, "depth": same.depth, "report": "training"}
        yield solution("identity", "descent", one, **asked)
        yield solution("identity", "ensemble", one, width=same.width, first_seed=0, seeds=same.seeds, **asked)


def _optimum(study: OptimumStudy) -> Iterator[Solution]:
    data = Inputs(study.kernel, study.targets)
    at: Constants = {"gamma0": study.gamma0, "beta": study.beta, "updates": study.updates}
    fine = _between(study.learning_rates, 4)
    for depth in (None, *sorted({*study.depths, *study.network_depths})):
        yield solution("curve", "losses", data, depth=depth, learning_rate=fine, **at)
        yield solution("curve", "optimum", data, depth=depth, derivatives=depth is None, **at)
    for depth in study.network_depths:
        for width in study.widths:
            sizes: Constants = {"depth": depth, "width": width, "first_seed": 0, "seeds": study.seeds}
            yield solution("curve", "measured_optimum", data, learning_rate=study.learning_rates, **at, **sizes)
    for gamma0 in study.gamma0_range:
        yield solution("motion", "optimum", data, derivatives=True, **{**at, "gamma0": gamma0})
    for beta in study.beta_range:
        yield solution("motion", "optimum", data, derivatives=True, **{**at, "beta": beta})


def _nonlinear(study: NonlinearStudy) -> Iterator[Solution]:
    one = Inputs.one_datum(study.target)
    for name in study.activations:
        given: Constants = {
            "activation": name, "gamma0": study.gamma0, "learning_rate": study.learning_rate, "updates": study.updates,
        }  # fmt: skip
        sampling: Constants = {"samples": study.samples, "replicas": study.replicas, "report": "training"}
        yield solution("training", "sampled", one, from_depths=study.limit_depths, **sampling, **given)
        for depth in sorted({*study.depths, *_depths(study.networks)}):
            yield solution("training", "sampled", one, depth=depth, **sampling, **given)
        yield from _ensembles("training", one, study.networks, "training", **given)


def _linear(study: LinearStudy) -> Iterator[Solution]:
    one = Inputs.one_datum(study.target)
    depths = {*study.depths, *_depths(study.networks)}
    yield from _descents("features", one, depths, study, study.gamma0, "quarters", ends="frozen")


def _between(rates: tuple[float, ...], parts: int) -> tuple[float, ...]:
    """The given rates, and between neighbours more of them in even ratios."""
    fine = [low * (high / low) ** (part / parts) for low, high in itertools.pairwise(rates) for part in range(parts)]
    return (*fine, rates[-1])
