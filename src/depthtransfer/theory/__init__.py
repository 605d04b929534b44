"""Infinite-width, infinite-depth theory of residual networks, and finite networks to hold it against.

Importing this package switches JAX to 64-bit arithmetic for the whole process: every number here is float64,
and JAX offers no narrower switch that survives compilation. Nothing else of the project imports JAX.
"""

import jax

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
