"""A plan for any torch model: roles found by structure, branches by the traced graph, factors folded."""

from depthtransfer.planning.coordinates import CoordinateCheck, CoordinateError, coordinate_check
from depthtransfer.planning.making import plan
from depthtransfer.planning.planned import Plan, load_plan
from depthtransfer.planning.rows import Row

__all__ = ["CoordinateCheck", "CoordinateError", "Plan", "Row", "coordinate_check", "load_plan", "plan"]
