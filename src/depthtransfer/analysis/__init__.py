"""Tables in, tables out: where the optimum lies, how it moves with size, what moving it would cost.

Every function is pure: a table of runs (or of optima) and a few plain arguments give a table; the same
arguments give the same bytes, whatever the order of the rows. Randomness comes from ``seed`` alone. Nothing
here draws, trains or reads a file.
"""

from depthtransfer.analysis.consistency import distances, loss_gaps, mean_curves
from depthtransfer.analysis.curves import curves
from depthtransfer.analysis.early import savings, stopped
from depthtransfer.analysis.errors import AnalysisError
from depthtransfer.analysis.fast import fast_transfer
from depthtransfer.analysis.flags import diagnosis
from depthtransfer.analysis.optimum import optima
from depthtransfer.analysis.ordering import loss_order
from depthtransfer.analysis.power_law import Slope, fit_slope
from depthtransfer.analysis.refinement import refinement
from depthtransfer.analysis.regret import regret
from depthtransfer.analysis.stability import stability
from depthtransfer.analysis.transfer import shifts, transfer

__all__ = [
    "AnalysisError",
    "Slope",
    "curves",
    "diagnosis",
    "distances",
    "fast_transfer",
    "fit_slope",
    "loss_gaps",
    "loss_order",
    "mean_curves",
    "optima",
    "refinement",
    "regret",
    "savings",
    "shifts",
    "stability",
    "stopped",
    "transfer",
]
