"""Tables in, tables out: where the optimum lies, how it moves with size, what moving it would cost.

``estimates`` looks for the optimum of every configuration of a table of runs, once; ``optima``, ``regret``,
``diagnosis``, ``loss_order``, ``fast_transfer`` and ``refinement`` take what it found, ``transfer`` and ``stability``
the table of optima. ``statistics`` gives all of these tables. Every function is pure: the same arguments give the
same bytes, whatever the order of the rows. Randomness comes from ``seed`` alone. Nothing here draws, trains or reads
a file.
"""

from depthtransfer.analysis.consistency import approach, distances, loss_gaps, mean_curves
from depthtransfer.analysis.early import during, savings, stopped
from depthtransfer.analysis.flags import diagnosis, refinement
from depthtransfer.analysis.measured import Slope, fit_slope, jackknife
from depthtransfer.analysis.movement import shifts, stability, transfer
from depthtransfer.analysis.optimum import Estimate, estimates, optima
from depthtransfer.analysis.ordering import loss_order
from depthtransfer.analysis.ridge import best_of_variants, ridges
from depthtransfer.analysis.suboptimality import fast_transfer, regret
from depthtransfer.analysis.summary import statistics
from depthtransfer.analysis.sweep import averaged, curves
from depthtransfer.errors import AnalysisError

__all__ = [
    "AnalysisError",
    "Estimate",
    "Slope",
    "approach",
    "averaged",
    "best_of_variants",
    "curves",
    "diagnosis",
    "distances",
    "during",
    "estimates",
    "fast_transfer",
    "fit_slope",
    "jackknife",
    "loss_gaps",
    "loss_order",
    "mean_curves",
    "optima",
    "refinement",
    "regret",
    "ridges",
    "savings",
    "shifts",
    "stability",
    "statistics",
    "stopped",
    "transfer",
]
