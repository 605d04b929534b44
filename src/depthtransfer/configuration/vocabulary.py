"""Small validated types that several parts of the configuration share."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from depthtransfer.scaling import Optimizer, Scheme

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

Hyperparameter = Literal["learning_rate", "momentum", "weight_decay", "gamma0", "beta", "alpha"]


class Strict(BaseModel):
    """A frozen model that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _expand_log2(value: Any) -> Any:
    """Turn {log2: [from, to, step]} into powers of two, and {log10: ...} into powers of ten."""
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or next(iter(value)) not in ("log2", "log10"):
        raise ValueError("a grid is a list of values, or {log2: [from, to, step]}, or {log10: [from, to, step]}")
    base_name, bounds = next(iter(value.items()))
    if not (isinstance(bounds, list) and len(bounds) == 3 and all(isinstance(b, int | float) for b in bounds)):
        raise ValueError(f"{base_name} needs three numbers: [from, to, step]")
    start, stop, step = bounds
    if not step > 0 or stop < start:
        raise ValueError(f"{base_name}: [from, to, step] needs step > 0 and to >= from")
    base = 2.0 if base_name == "log2" else 10.0
    count = math.floor((stop - start) / step + 1e-9) + 1
    if count > 1000:
        raise ValueError(f"{base_name}: {count} values; at most 1000 make sense")
    return [base ** (start + index * step) for index in range(count)]


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if repeated := sorted({v for v in values if values.count(v) > 1}):
        raise ValueError(f"{', '.join(map(str, repeated))} repeated; name each value once")
    return values


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Size = Annotated[int, Field(ge=1, strict=True)]
Sizes = Annotated[tuple[Size, ...], Field(min_length=1), AfterValidator(_distinct)]
Seeds = Annotated[tuple[Annotated[int, Field(ge=0, strict=True)], ...], Field(min_length=1), AfterValidator(_distinct)]
Values = Annotated[
    tuple[NonNegative, ...], Field(min_length=1), BeforeValidator(_expand_log2), AfterValidator(_distinct)
]

__all__ = [
    "Hyperparameter",
    "NonNegative",
    "Optimizer",
    "Positive",
    "Provenance",
    "Scheme",
    "Seeds",
    "Size",
    "Sizes",
    "Strict",
    "Values",
]
