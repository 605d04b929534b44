"""The scaling tables of both papers as pure functions; multipliers absorbed into initial deviations and rates."""

import math
from dataclasses import dataclass, replace

from depthtransfer.scaling.vocabulary import Constants, Optimizer, Role, Scheme

_IN_BRANCH = (Role.BRANCH, Role.BRANCH_VECTOR)
_VECTORS = (Role.VECTOR, Role.BRANCH_VECTOR)
_MEAN_FIELD = (Scheme.MUP, Scheme.MUP_SQRT_DEPTH, Scheme.MUP_ALPHA, Scheme.DEPTH_PAIR)


@dataclass(frozen=True)
class Rule:
    """How one parameter is initialized, used and trained; all dimensionless.

    Args:
        init_std: standard deviation of the initial weights; 0 leaves the module's own constant in place.
        multiplier: factor on the weight in the forward pass.
        learning_rate_factor: factor on the base learning rate.
        weight_decay_factor: factor on the base weight decay; its product with `learning_rate_factor` is one, so that
            eta * lambda, the share of a weight that decays per step, is the same at every width and depth.
    """

    init_std: float
    multiplier: float
    learning_rate_factor: float
    weight_decay_factor: float


def branch_multiplier(scheme: Scheme, *, depth: int, constants: Constants) -> float:
    """Factor on every residual branch: 1, beta, or beta (L / L0)^-alpha (paper A, Table 1 and Appendix M; paper B).

    Raises:
        ValueError: if the depth is not a positive number, or the scheme is not in the table.
    """
    scheme = Scheme(scheme)
    _check_positive(depth=depth)
    _refuse_planned(scheme)
    if scheme in (Scheme.SP, Scheme.NTP):
        return 1.0
    return constants.beta * math.pow(_relative_depth(depth, constants), -_depth_exponent(scheme, constants))


def rule(
    scheme: Scheme,
    role: Role,
    *,
    fan_in: int,
    width: int,
    depth: int,
    optimizer: Optimizer,
    constants: Constants,
) -> Rule:
    """Return the rule of one parameter.

    Args:
        scheme: parametrization.
        role: what the parameter does.
        fan_in: number of inputs that one output of the layer sums (1 for vectors).
        width: N, fan-in of the readout.
        depth: L, number of residual branches in the network.
        optimizer: SGD (with or without momentum), Adam or AdamW.
        constants: beta, gamma0, alpha, the exponent of the updates and the base sizes.

    Raises:
        ValueError: if a size is not a positive number, or scheme, role or optimizer is not in the table.
    """
    scheme, role, optimizer = Scheme(scheme), Role(role), Optimizer(optimizer)
    _check_positive(fan_in=fan_in, width=width, depth=depth)
    _refuse_planned(scheme)
    init_std, multiplier = _initialization(scheme, role, fan_in, width, constants)
    if optimizer is Optimizer.SGD:
        factor = _sgd_width_factor(scheme, width, constants)
    else:
        factor = _adam_width_factor(scheme, role, fan_in, width, constants)
    if scheme is Scheme.DEPTH_PAIR:
        # A gradient inside a branch carries the branch's L^-alpha, which SGD must divide by and Adam does not see.
        seen = constants.alpha if optimizer is Optimizer.SGD else 0.0
        if role in _IN_BRANCH:
            factor *= _relative_depth(depth, constants) ** (seen - constants.update_exponent)
    elif scheme in _MEAN_FIELD:
        relative_depth = _relative_depth(depth, constants)
        excess = _depth_exponent(scheme, constants) - 0.5
        if scheme is Scheme.MUP:
            pass
        elif optimizer is Optimizer.SGD:
            compensated = role not in _IN_BRANCH
            if compensated:
                init_std *= relative_depth**excess
            if compensated and role not in _VECTORS:
                multiplier *= relative_depth**-excess
            if not (compensated and role in _VECTORS):
                factor *= relative_depth ** (2 * excess)
        elif role in _IN_BRANCH:
            factor *= relative_depth ** (excess - 0.5)
    return Rule(init_std, multiplier, factor, 1.0 / factor)


def _check_positive(**sizes: float) -> None:
    for name, size in sizes.items():
        if not size > 0:
            raise ValueError(f"{name} = {size} must be positive")


def _refuse_planned(scheme: Scheme) -> None:
    if scheme is Scheme.PLANNED:
        raise ValueError(f"scheme {scheme} has no row in this table: depthtransfer.plan finds roles and factors")


def _initialization(scheme: Scheme, role: Role, fan_in: int, width: int, constants: Constants) -> tuple[float, float]:
    """Initial deviation and forward multiplier, without any dependence on depth."""
    if role in _VECTORS:
        return 0.0, 1.0
    if scheme is Scheme.SP:
        return 1.0 / math.sqrt(fan_in), 1.0
    multiplier = 1.0 / math.sqrt(fan_in)
    if scheme in _MEAN_FIELD and role is Role.READOUT:
        multiplier /= constants.gamma0 * math.sqrt(width / constants.base_width)
    return 1.0, multiplier


def _sgd_width_factor(scheme: Scheme, width: int, constants: Constants) -> float:
    """eta = eta_0 gamma_0^2 N for all layers in mean-field scaling, eta_0 otherwise."""
    return constants.gamma0**2 * width / constants.base_width if scheme in _MEAN_FIELD else 1.0


def _adam_width_factor(scheme: Scheme, role: Role, fan_in: int, width: int, constants: Constants) -> float:
    """Adam moves each weight by about its learning rate, so sums over the width must be compensated.

    With unit-variance weights, matrices over the width move by eta_0 / sqrt(fan_in); read-in, readout (whose
    multiplier is 1/N already) and vectors move by eta_0.
    """
    if scheme is Scheme.SP:
        return 1.0
    if scheme is Scheme.NTP:
        return 1.0 / math.sqrt(width / constants.base_width)
    if role in (Role.HIDDEN, Role.BRANCH):
        return math.sqrt(constants.base_width / fan_in)
    return 1.0


def _depth_exponent(scheme: Scheme, constants: Constants) -> float:
    free = (Scheme.MUP_ALPHA, Scheme.DEPTH_PAIR)
    return constants.alpha if scheme in free else {Scheme.MUP: 0.0, Scheme.MUP_SQRT_DEPTH: 0.5}[scheme]


def _relative_depth(depth: int, constants: Constants) -> float:
    return depth / constants.base_depth


def absorb(rule: Rule, optimizer: Optimizer) -> Rule:
    """Return the equivalent rule for the stored weight theta' = multiplier * theta.

    A gradient with respect to theta' is the gradient with respect to theta over the multiplier m, so SGD needs m^2
    times the learning rate and Adam, which ignores the gradient's size, m times. The trajectory of the function is
    the same; ordinary layers without multipliers, and no extra pass over weights or activations, suffice.
    """
    m = rule.multiplier
    factor = m * m if Optimizer(optimizer) is Optimizer.SGD else m
    return replace(
        rule,
        init_std=rule.init_std * m,
        multiplier=1.0,
        learning_rate_factor=rule.learning_rate_factor * factor,
        weight_decay_factor=rule.weight_decay_factor / factor,
    )
