"""Small validated types that several parts of the configuration share."""

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from depthtransfer.registry import HYPERPARAMETERS
from depthtransfer.scaling import Optimizer, Scheme
from depthtransfer.strict import Strict

Provenance = Literal[
    "S-seedA",
    "S-TP6",
    "S-noci",
    "S-noci-late",
    "S-bord",
    "S-mup",
    "S-open",
    "mem-H",
    "mem-M",
    "mem-L",
    "inf",
    "der",
    "ours",
]
"""Where a value comes from; docs/provenance.md explains the marks."""

MOST_VALUES = 1000
"""Longer lists of sizes, seeds or values are taken for a slip of the pen."""


def _known_hyperparameter(name: str) -> str:
    if name not in HYPERPARAMETERS:
        raise ValueError(f"{name!r} is no hyperparameter; known: {', '.join(HYPERPARAMETERS)}")
    return name


Hyperparameter = Annotated[
    str, AfterValidator(_known_hyperparameter), Field(json_schema_extra={"enum": list(HYPERPARAMETERS)})
]
"""Name of a hyperparameter; ``depthtransfer.registry`` lists them."""


def _expand_log2(value: Any) -> Any:
    """Turn {log2: [from, to, step]} into powers of two, and {log10: ...} into powers of ten."""
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or next(iter(value)) not in ("log2", "log10"):
        raise ValueError("a grid is a list of values, or {log2: [from, to, step]}, or {log10: [from, to, step]}")
    base_name, bounds = next(iter(value.items()))
    if not (isinstance(bounds, list) and len(bounds) == 3 and all(map(_is_number, bounds))):
        raise ValueError(f"{base_name} needs three numbers: [from, to, step]")
    start, stop, step = bounds
    base, largest = (2.0, 1000) if base_name == "log2" else (10.0, 300)
    if not (abs(start) <= largest and abs(stop) <= largest):
        raise ValueError(f"{base_name}: from and to are exponents, between -{largest} and {largest}")
    if not step > 0 or stop < start:
        raise ValueError(f"{base_name}: [from, to, step] needs step > 0 and to >= from")
    if (stop - start) / step > MOST_VALUES:
        raise ValueError(f"{base_name}: step {step} gives more than {MOST_VALUES} values")
    count = math.floor((stop - start) / step + 1e-9) + 1
    return [base ** (start + index * step) for index in range(count)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _no_truth_value(value: Any) -> Any:
    """Refuse yes and no where a number is meant; pydantic would take them for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("Input should be a number, not yes or no")
    return value


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a list that names a value twice."""
    if twice := repeated(values):
        raise ValueError(f"{', '.join(map(str, twice))} repeated; name each value once")
    return values


def repeated(values: Iterable[Hashable]) -> list[Any]:
    """Values that occur more than once, in order."""
    return sorted(value for value, count in Counter(values).items() if count > 1)


def increasing(values: tuple[int, ...]) -> tuple[int, ...]:
    """Refuse numbers that do not increase."""
    if any(later <= earlier for earlier, later in itertools.pairwise(values)):
        raise ValueError(f"{', '.join(map(str, values))} must increase")
    return values


Positive = Annotated[float, BeforeValidator(_no_truth_value), Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, BeforeValidator(_no_truth_value), Field(ge=0, allow_inf_nan=False)]
Size = Annotated[int, Field(ge=1, le=10**9, strict=True)]
Sizes = Annotated[tuple[Size, ...], Field(min_length=1, max_length=MOST_VALUES), AfterValidator(distinct)]
Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1, max_length=MOST_VALUES), AfterValidator(distinct)]
Values = Annotated[
    tuple[NonNegative, ...],
    Field(min_length=1, max_length=MOST_VALUES),
    BeforeValidator(_expand_log2),
    AfterValidator(distinct),
]

Options = dict[Annotated[str, Field(pattern=r"^[a-z_]+$")], bool | int | float | str]
"""Options of an architecture by name; the architecture says which it has."""

__all__ = [
    "Hyperparameter",
    "NonNegative",
    "Optimizer",
    "Options",
    "Positive",
    "Provenance",
    "Scheme",
    "Seed",
    "Seeds",
    "Size",
    "Sizes",
    "Strict",
    "Values",
    "distinct",
    "increasing",
    "repeated",
]
