"""The same training with every multiplier equal to one."""

from dataclasses import replace

from depthtransfer.scaling.rules import Rule
from depthtransfer.scaling.vocabulary import Optimizer


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
