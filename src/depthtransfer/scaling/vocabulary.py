"""The words of the scaling table: schemes, roles, optimizers and constants."""

from dataclasses import dataclass
from enum import StrEnum


class Scheme(StrEnum):
    """How a network and its learning rates depend on width and depth (paper A, Table 1 and Appendix M)."""

    SP = "sp"
    """Standard parametrization: PyTorch-like initialization, one global learning rate."""
    NTP = "ntp"
    """Neural tangent parametrization."""
    MUP = "mup"
    """muP / mean-field in width, nothing in depth."""
    MUP_SQRT_DEPTH = "mup_sqrt_depth"
    """muP with residual branches scaled by 1/sqrt(L): the subject of paper A; Depth-muP of paper B."""
    MUP_ALPHA = "mup_alpha"
    """muP with branches scaled by L^-alpha and learning rates compensated (paper A, Appendix M)."""
    DEPTH_PAIR = "depth_pair"
    """muP with branches scaled by L^-alpha and updates of the size L^-gamma, each free (paper B, section 3)."""
    PLANNED = "planned"
    """Initial weights and rates from `depthtransfer.plan`, for a library's model whose roles are nowhere written down;
    its rules are those of `scaling.transfer_rule`, relative to the base sizes."""


class Role(StrEnum):
    """What a parameter does in the network; every trained parameter has exactly one role."""

    INPUT = "input"
    """Matrix or kernel from a fixed-size input to the width (read-in, patch or position embedding)."""
    HIDDEN = "hidden"
    """Matrix from width to width outside residual branches (transitions between stages)."""
    BRANCH = "branch"
    """Matrix from width to width inside a residual branch."""
    READOUT = "readout"
    """Matrix from the width to the outputs."""
    VECTOR = "vector"
    """Gain or bias outside residual branches; starts from the module's own constant."""
    BRANCH_VECTOR = "branch_vector"
    """Gain or bias inside a residual branch; starts from the module's own constant."""


class Optimizer(StrEnum):
    """Optimizers whose update rules the table knows."""

    SGD = "sgd"
    ADAM = "adam"
    ADAMW = "adamw"


@dataclass(frozen=True)
class Constants:
    """The O(1) constants of a parametrization, all dimensionless.

    Args:
        beta: extra factor on every residual branch.
        gamma0: feature-learning strength; gamma0 -> 0 is the lazy limit.
        alpha: depth exponent of the branches, read by `Scheme.MUP_ALPHA` and `Scheme.DEPTH_PAIR`.
        update_exponent: depth exponent gamma of the updates inside branches, read by `Scheme.DEPTH_PAIR` alone; no
            kin of `gamma0`.
        base_width: width N0 at which every width factor of the learning rates is one.
        base_depth: depth L0 at which every depth factor is one.

    Raises:
        ValueError: if a constant is not positive (exponents: negative or above one).
    """

    beta: float = 1.0
    gamma0: float = 1.0
    alpha: float = 0.5
    base_width: float = 1.0
    base_depth: float = 1.0
    update_exponent: float = 0.5

    def __post_init__(self) -> None:
        for name in ("beta", "gamma0", "base_width", "base_depth"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)} must be positive")
        for name in ("alpha", "update_exponent"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} = {getattr(self, name)} must lie between 0 and 1")
