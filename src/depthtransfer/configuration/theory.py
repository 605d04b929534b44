"""How large the studies behind the figures of the theory are: config/theory/<preset>.yaml, scale only."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from depthtransfer.configuration.vocabulary import NonNegative, Positive, Size, Sizes, Strict, Values, distinct

ActivationName = Literal["linear", "relu", "abs", "erf", "tanh"]
Number = Annotated[float, Field(allow_inf_nan=False)]


def _not_lazy(value: float) -> float:
    if value == 0:
        raise ValueError("0 is the lazy limit, in which kernels do not move; `depthtransfer theory lazy` solves it")
    return value


Strength = Annotated[NonNegative, AfterValidator(_not_lazy)]
Strengths = Annotated[tuple[Strength, ...], Field(min_length=1), AfterValidator(distinct)]
Rates = Annotated[Values, AfterValidator(lambda rates: tuple(sorted(rates)))]


class Ensembles(Strict):
    """Finite networks laid over the theory: all widths at all depths.

    `seeds` networks each, kept in blocks of `block`, which are computed and stored one by one.
    """

    widths: Sizes
    depths: Sizes
    seeds: Size
    block: Size = 64

    @model_validator(mode="after")
    def _whole_blocks(self) -> "Ensembles":
        if self.seeds % min(self.block, self.seeds):
            raise ValueError(f"seeds: {self.seeds} is no multiple of the block, {self.block}")
        if min(self.seeds, self.block) < 8:
            raise ValueError("seeds: standard errors need at least 8 seeds in a block")
        return self


Networks = Annotated[tuple[Ensembles, ...], Field(min_length=1)]


class KernelStudy(Strict):
    """Kernels before training, of two inputs with x.x/D = 1 and the given correlation (Figure 6)."""

    activations: Annotated[tuple[ActivationName, ...], Field(min_length=1), AfterValidator(distinct)]
    correlation: float = Field(gt=-1, lt=1)
    depths: Sizes
    networks: Networks


class OneStep(Strict):
    """Kernels after a single update of a linear network on one datum."""

    learning_rate: Positive
    gamma0: Strengths
    depths: Sizes
    networks: Networks


class TrainingStudy(Strict):
    """Linear networks on one datum: training over time, and one update (Figure 7)."""

    target: Positive
    learning_rate: Positive
    updates: Size
    gamma0: Strengths
    limit_depths: Annotated[Sizes, Field(min_length=3)]
    networks: Networks
    one_step: OneStep


class Identity(Strict):
    """Networks whose branch constant is sqrt(L), against unscaled ones of the same seeds."""

    width: Size
    depth: Size
    gamma0: Strength
    learning_rate: Positive
    updates: Size
    seeds: Size


class RateStudy(Strict):
    """Bias and variance of linear networks on one datum, against width and depth."""

    target: Positive
    learning_rate: Positive
    updates: Size
    gamma0: Strength
    limit_depths: Annotated[Sizes, Field(min_length=3)]
    depths: Sizes
    networks: Networks
    identity: Identity


class OptimumStudy(Strict):
    """Loss after some updates against the learning rate, in the limit and of finite linear networks."""

    kernel: tuple[tuple[Number, ...], ...] = Field(min_length=1)
    targets: tuple[Number, ...] = Field(min_length=1)
    gamma0: Strength
    beta: Positive
    updates: Size
    learning_rates: Rates
    depths: Sizes
    network_depths: Sizes
    widths: Sizes
    seeds: Size
    gamma0_range: Strengths
    beta_range: Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(distinct)]

    @model_validator(mode="after")
    def _consistent(self) -> "OptimumStudy":
        points = len(self.targets)
        if len(self.kernel) != points or any(len(row) != points for row in self.kernel):
            raise ValueError(f"kernel: {points} targets need {points} rows of {points} numbers")
        if any(self.kernel[i][j] != self.kernel[j][i] for i in range(points) for j in range(i)):
            raise ValueError("kernel: not symmetric; give x.x'/D of real inputs")
        if not _positive_definite([list(row) for row in self.kernel]):
            raise ValueError("kernel: not positive definite; give x.x'/D of linearly independent inputs")
        if len(self.learning_rates) < 4 or min(self.learning_rates) <= 0:
            raise ValueError("learning_rates: the optimum is interpolated between at least 4 values above 0")
        return self


class NonlinearStudy(Strict):
    """Nonlinear networks on one datum that learn features, against the sampled theory and its limit.

    The theory is sampled with `samples` neurons in each of `replicas` independent repetitions: at every depth of the
    networks and of `depths`, and extrapolated to infinite depth through `limit_depths`.
    """

    activations: Annotated[tuple[ActivationName, ...], Field(min_length=1), AfterValidator(distinct)]
    target: Positive
    learning_rate: Positive
    updates: Size
    gamma0: Strength
    limit_depths: Annotated[Sizes, Field(min_length=3)]
    depths: Sizes
    samples: Size
    replicas: Annotated[Size, Field(ge=2)]
    networks: Networks

    @model_validator(mode="after")
    def _consistent(self) -> "NonlinearStudy":
        if self.samples % 2:
            raise ValueError(f"samples: {self.samples} is odd; every other sample is the mirror image of one")
        if any(max(self.limit_depths) % depth for depth in self.limit_depths):
            raise ValueError("limit_depths: each must divide the largest, since they share their noise")
        return self


class LinearStudy(Strict):
    """Linear networks on one datum whose read-in and readout stay as they are drawn (paper B, Figures 8 and 9).

    Features are looked at after each quarter of the layers, so depths are multiples of four.
    """

    target: Positive
    learning_rate: Positive
    updates: Size
    gamma0: Strength
    limit_depths: Annotated[Sizes, Field(min_length=3)]
    depths: Sizes
    networks: Networks

    @model_validator(mode="after")
    def _quarters(self) -> "LinearStudy":
        for depth in (*self.limit_depths, *self.depths, *(depth for grid in self.networks for depth in grid.depths)):
            if depth % 4:
                raise ValueError(
                    f"depths: {depth} is no multiple of 4, and features are shown at quarters of the depth"
                )
        return self


def _positive_definite(matrix: list[list[float]]) -> bool:
    """Whether all pivots of Gaussian elimination are positive, beyond rounding."""
    for k, pivots in enumerate(matrix):
        if pivots[k] <= 1e-12 * max(abs(entry) for row in matrix for entry in row):
            return False
        for row in matrix[k + 1 :]:
            share = row[k] / pivots[k]
            row[:] = [entry - share * above for entry, above in zip(row, pivots, strict=True)]
    return True


class TheoryScale(Strict):
    """All studies of a preset."""

    title: str = Field(min_length=1)
    fig6: KernelStudy
    fig7: TrainingStudy
    rates: RateStudy
    optimum: OptimumStudy
    nonlinear: NonlinearStudy
    linear: LinearStudy
