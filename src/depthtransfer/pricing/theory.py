"""How long solutions of the theory take on one core, typically; nothing is solved or imported for it."""

from collections.abc import Iterable, Iterator
from typing import Any

from depthtransfer.studies.solution import INFINITE, Solution

START_SECONDS = 3.0
"""From the command to the first solution: the interpreter and JAX."""

_COMPILE = {
    "initial": (0.4, 4.0),
    "descent": (1.3, 1.3),
    "one_step": (0.1, 0.1),
    "ensemble": (2.5, 2.5),
    "losses": (2.4, 5.7),
    "optimum": (0.7, 0.7),
    "measured_optimum": (2.0, 2.0),
    "sampled": (1.6, 1.6),
}
"""Seconds to compile a program, of finite and of infinite depth."""
_COMPILE_DERIVATIVES = 28.0
_AGAIN = 0.05
_DERIVATIVES_AGAIN = 0.7
_WEIGHT = 5.5e-8
"""Seconds to draw and keep one weight of an ensemble, and more for each update of it at each learning rate."""
_UPDATED_WEIGHT = 3.5e-9
_MARCHED = 2.3e-7
"""Seconds a layer and pair of updates, of a march."""

_SAMPLED = 2.5e-9
"""Seconds a sample, replica, layer and pair of updates, of the sampled theory."""

Program = tuple[Any, ...]


def seconds(asked: Iterable[Solution]) -> float:
    """Estimated wall time of solutions, one after another in one process (s); programs are compiled once."""
    unique = {each.key: each.specification for each in asked}
    if not unique:
        return 0.0
    compiled: dict[Program, float] = {}
    for each in unique.values():
        compiled |= _programs(each)
    return START_SECONDS + sum(compiled.values()) + sum(map(_work, unique.values()))


def _programs(specification: dict[str, Any]) -> dict[Program, float]:
    """Programs of a solution, with the seconds that compiling each takes."""
    s = specification
    rates = len(s["learning_rate"]) if isinstance(s["learning_rate"], list) else 1
    shape = (s["kind"], s["activation"], s["width"], s["updates"], s.get("seeds"), rates, len(s["targets"]))
    finite, limit = _COMPILE[s["kind"]]
    if s.get("derivatives"):
        return {(*shape, "derivatives"): _COMPILE_DERIVATIVES}
    return {(*shape, depth): limit if depth == INFINITE else finite for depth in _depths(s)}


def _depths(specification: dict[str, Any]) -> Iterator[int | str]:
    """Depths that are solved: those that an extrapolation starts from, or its own."""
    yield from specification.get("from_depths") or [specification["depth"]]


def _work(specification: dict[str, Any]) -> float:
    s = specification
    rates = len(s["learning_rate"]) if isinstance(s["learning_rate"], list) else 1
    if "seeds" in s:
        weights: int = s["seeds"] * s["depth"] * s["width"] ** 2
        updates: int = s["updates"] * rates
        return _AGAIN + weights * (_WEIGHT + _UPDATED_WEIGHT * updates)
    layers = sum(depth for depth in _depths(s) if isinstance(depth, int))
    rows: int = s["updates"] * len(s["targets"])
    if "samples" in s:
        draws: int = s["samples"] * s["replicas"]
        return _AGAIN + _SAMPLED * draws * layers * (rows + 1) ** 2
    marched = _MARCHED * layers * rates * rows**2
    return marched + (_DERIVATIVES_AGAIN if s.get("derivatives") else _AGAIN)
