"""Every numerical tolerance of the tests of scaling, models, training and sweeps, with its reason."""

EXACT = 1e-12
"""Relative: formulas of plain numbers, a few roundings of double precision apart."""

TRAJECTORY_FLOAT64 = 1e-9
"""Relative: two implementations of the same ten updates in double precision."""

FORWARD_FLOAT64 = 1e-10
"""Relative to the largest entry: one forward pass in double precision, sums taken in another order."""

FORWARD_BF16 = 0.1
"""Relative, of the whole output: eight bits (0.004) are lost in each of some ten layers one after another."""

UPDATE_FLOAT32 = 1e-5
"""Relative: a few updates in single precision."""

PINNED_LOSS = 1e-4
"""Relative: losses after a few steps in single precision, on another processor with other vector instructions."""

PINNED_LOSS_BF16 = 1e-2
"""The same with activations of eight bits of mantissa."""

SAMPLE_STD = 0.05
"""Relative: standard deviation of at least 2000 normal draws (its own relative error is 1/sqrt(2n) <= 0.016)."""

SLOPE = 0.2
"""Absolute: measured log-log exponents. Competing predictions are at least 1/2 apart, so this is less than
half of the way to the next one; corrections of relative order 1/width and 1/depth bias the slopes by less than 0.1."""

SLOPE_ERROR = 0.16
"""Largest standard error of a slope: two of them beside `SLOPE` still tell predictions 1/2 apart."""
