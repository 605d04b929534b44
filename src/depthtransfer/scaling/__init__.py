"""How a parameter scales with width and depth: the papers' tables as pure functions, without torch or JAX."""

from depthtransfer.scaling.rules import Rule, absorb, branch_multiplier, rule
from depthtransfer.scaling.vocabulary import Constants, Optimizer, Role, Scheme

__all__ = ["Constants", "Optimizer", "Role", "Rule", "Scheme", "absorb", "branch_multiplier", "rule"]
