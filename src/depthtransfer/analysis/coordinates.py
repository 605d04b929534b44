"""The coordinate in which a swept hyperparameter is looked at.

A curve of losses is nearly a parabola, and a shift means the same everywhere, where equal steps multiply the
effect equally. A learning rate, gamma_0, beta or a weight decay act in proportion to themselves: their
coordinate is log2 of the value. Momentum mu stretches each update by 1 / (1 - mu), the sum of its geometric
series: its coordinate is log2(1 / (1 - mu)), which is 0 without momentum, 1 at 0.5 and about 3.3 at 0.9.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depthtransfer import registry

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Coordinate:
    """A monotone change of variable, with its inverse and the values it is defined for.

    Attributes:
        forward: from values to coordinates.
        back: from coordinates to values.
        defined: whether a value has a coordinate.
        domain: the same in words.
        symbol: what the base-2 logarithm is taken of, for a value x.
    """

    forward: Callable[[Array], Array]
    back: Callable[[Array], Array]
    defined: Callable[[Array], npt.NDArray[np.bool_]]
    domain: str
    symbol: str


_LOGARITHM = Coordinate(
    forward=np.log2,
    back=np.exp2,
    defined=lambda values: np.isfinite(values) & (values > 0),
    domain="its logarithm is taken, so every value must be positive and finite",
    symbol="x",
)
_STRETCH = Coordinate(
    forward=lambda values: -np.log2(1.0 - values),
    back=lambda coordinates: 1.0 - np.exp2(-coordinates),
    defined=lambda values: (values >= 0) & (values < 1),
    domain="updates are stretched by 1/(1 - momentum), so every value must be at least 0 and less than 1",
    symbol="1/(1 - x)",
)
_COORDINATES = {"log2": _LOGARITHM, "stretch": _STRETCH}


def coordinate(hyperparameter: str) -> Coordinate:
    """The coordinate of a hyperparameter; log2 of the value unless it has one of its own."""
    return _COORDINATES[registry.hyperparameter(hyperparameter).coordinate]
