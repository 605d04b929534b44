"""Linear networks that learn features: the exact limit of infinite width at finite depth, by marching in time.

Every matrix below is an operator in time (and data), strictly causal, so row `t` follows from earlier rows by one
sweep up through the layers for ``h`` and one sweep down for ``g``: no fixed point, no inverse. Where the derivation
uses invariant embedding, the march carries the physical quantities themselves from site to site. At a site, with
``sigma`` a source added to ``h`` and ``rho`` a source added to ``g``, they are, for each of the two families,

====  =================================  ==============================
name  family of h                        family of g
====  =================================  ==============================
K     ``H = <h h>``                      ``G = <g g>``
F     ``<h g>``                          ``<g h>``
R     ``A = dh/drho``                    ``B = dg/dsigma``
S     ``dh/dsigma - 1``                  ``dg/drho - 1``
C     block's map from ``g`` to ``h``    block's map from ``h`` to ``g``
====  =================================  ==============================

Turning the network upside down exchanges the families, so one piece of code serves both, and one datum with
``|x|**2 = D`` (or any problem that is its own mirror image) needs only one of them.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Store(NamedTuple):
    """Earlier rows: (family, site, N, N), N = T P; C has one block fewer than there are sites."""

    K: jax.Array
    F: jax.Array
    R: jax.Array
    S: jax.Array
    C: jax.Array


class _Row(NamedTuple):
    """The current row at one site: four of shape (P, N) over earlier times, and `D`, the kernel now, (P, P)."""

    K: jax.Array
    F: jax.Array
    R: jax.Array
    S: jax.Array
    D: jax.Array


class Constants(NamedTuple):
    """Numbers of a march that may be traced, and hence differentiated."""

    rate: jax.Array  # eta_0 step
    gamma0: jax.Array
    noise: jax.Array  # per block
    learning: jax.Array  # per block
    response: jax.Array  # per block; equal to the noise in the theory
    kernel: jax.Array  # (P, P)
    targets: jax.Array  # (P,)
    weights: jax.Array  # (P,)


def _add_source(
    row: _Row,
    block: jax.Array,
    noise: jax.Array,
    now: jax.Array,
    own: jax.Array,
    other: Store,
    cross: jax.Array,
) -> _Row:
    """Row at a site after ``h' = h + block g' + u``.

    Args:
        row: the row just below; its S holds ``dh/dsigma'`` and the rest is moved to the new site's partners.
        block: this row of the block's map, (P, N).
        noise: covariance of ``u`` with its past, (P, N).
        now: covariance of ``u`` with itself, (P, P).
        own: S of this family at the new site, (N, N).
        other: the opposite family at the new site, each (N, N).
        cross: ``<h u>`` of the row below at equal times, (P, P).
    """
    answer = noise @ other.R.T
    tied = block @ other.K
    moved = row.F @ block.T + cross + block @ answer.T
    return _Row(
        K=row.K + block @ other.F + noise + noise @ own.T,
        F=row.F + tied + answer,
        R=row.R + block + block @ other.S,
        S=row.S + block @ other.R,
        D=row.D + moved + moved.T + tied @ block.T + now,
    )


def _pick(array: jax.Array, family: int, index: jax.Array | int) -> jax.Array:
    """One family at one site or block, without a copy of the whole family."""
    where = (jnp.asarray(family), jnp.asarray(index), jnp.asarray(0), jnp.asarray(0))
    return jax.lax.dynamic_slice(array, where, (1, 1, *array.shape[2:]))[0, 0]


def _at(store: Store, family: int, index: jax.Array | int) -> Store:
    """One family at one site, each (N, N); C is left as it is because it lives on blocks."""
    return store._replace(**{name: _pick(getattr(store, name), family, index) for name in "KFRS"})


def _start(store: Store, past: jax.Array, strength: jax.Array, c: Constants, trained: bool, family: int) -> _Row:
    """The current row of one family at the site where it begins: input layer for ``h``, readout for ``g``."""
    families, sites, width, _ = store.K.shape
    source = c.kernel if family == 0 else jnp.ones_like(c.kernel)
    spread = jnp.tile(source, (1, width // source.shape[0]))
    zero = jnp.zeros_like(spread)
    nothing = _Row(zero, zero, zero, zero, jnp.zeros_like(source))
    own, other = _pick(store.S, family, 0), _at(store, (1 - family) % families, sites - 1)
    return _add_source(nothing, spread * strength * trained, spread * past, source, own, other, nothing.D)


def _ascend(
    store: Store, row: _Row, site: jax.Array, strength: jax.Array, c: Constants, family: int
) -> tuple[_Row, jax.Array]:
    """One family's row at the next site, and the row of the block between, (P, N)."""
    families, sites = store.K.shape[:2]
    opposite, mirror = (1 - family) % families, sites - 2 - site
    other = _at(store, opposite, mirror)
    opposing, own = _pick(store.C, opposite, mirror), _pick(store.C, family, site)
    block = c.response * row.R + c.learning * strength * row.K
    ahead = row.S - row.R @ opposing
    partner = row.F - row.K @ opposing.T - c.noise * row.R @ other.K
    moved = _Row(
        K=row.K + partner @ own.T + c.noise * ahead @ _pick(store.K, family, site),
        F=partner,
        R=row.R + ahead @ own,
        S=ahead,
        D=row.D,
    )
    above = _pick(store.S, family, site + 1)
    cross = c.noise * ahead @ row.K.T
    return _add_source(moved, block, c.noise * row.K, c.noise * row.D, above, other, cross), block


def _sweep(
    store: Store, past: jax.Array, strength: jax.Array, c: Constants, trained: tuple[bool, bool]
) -> list[tuple[_Row, jax.Array]]:
    """For each family all sites of the current row (leading axis) and all rows of blocks (L, P, N).

    Both families go through one loop: two loops would each take a copy of everything stored.
    """
    families, sites = store.K.shape[:2]
    first = tuple(_start(store, past, strength, c, trained[k], k) for k in range(families))

    def up(rows: tuple[_Row, ...], site: jax.Array):  # type: ignore[no-untyped-def]
        steps = tuple(_ascend(store, row, site, strength, c, k) for k, row in enumerate(rows))
        return tuple(row for row, _ in steps), steps

    _, upper = jax.lax.scan(up, first, jnp.arange(sites - 1))
    join = partial(jax.tree.map, lambda a, b: jnp.concatenate([a[None], b]))
    return [(join(low, rows), blocks) for low, (rows, blocks) in zip(first, upper, strict=True)]


def _write(array: jax.Array, family: int, values: jax.Array, row: jax.Array) -> jax.Array:
    """Put `values` (sites, P, N) at time `row` of one family."""
    zero = jnp.zeros_like(row)
    return jax.lax.dynamic_update_slice(array, values[None], (jnp.full_like(row, family), zero, row, zero))


def _write_column(array: jax.Array, family: int, values: jax.Array, row: jax.Array) -> jax.Array:
    """Put the transposes of `values` (sites, P, N) at column `row` of one family."""
    zero = jnp.zeros_like(row)
    columns = jnp.swapaxes(values, 1, 2)[None]
    return jax.lax.dynamic_update_slice(array, columns, (jnp.full_like(row, family), zero, zero, row))


@partial(jax.jit, static_argnames=("trained",), donate_argnums=(0, 1))
def _advance(
    store: Store,
    outputs: dict[str, jax.Array],
    first: int,
    last: int,
    c: Constants,
    trained: tuple[bool, bool],
) -> tuple[Store, dict[str, jax.Array]]:
    """Rows `first` to ``last - 1``; `store` is wide enough for all of them."""
    width, points = store.K.shape[-1], c.kernel.shape[0]
    index = jnp.arange(width)

    def row(t: jax.Array, carry: tuple[Store, dict[str, jax.Array]]) -> tuple[Store, dict[str, jax.Array]]:
        store, out = carry
        start = t * points
        past = (index < start).astype(store.K.dtype)
        strength = c.gamma0 * c.rate * jnp.pad(out["pull"].reshape(-1), (0, max(0, width - out["pull"].size)))[:width]
        swept = _sweep(store, past, strength, c, trained)
        h, g = swept[0][0], swept[-1][0]
        top, bottom = (jax.tree.map(lambda a: a[-1], r) for r in (h, g))
        f = (top.R.sum(axis=1) + trained[1] * (top.K @ strength)) / c.gamma0
        spread = jnp.tile(c.kernel, (1, width // points))
        f_low = (
            jnp.sum(bottom.R * spread, axis=1) + trained[0] * jnp.sum(bottom.K * spread * strength, axis=1)
        ) / c.gamma0
        residual = c.targets - f
        kernel = c.learning * jnp.sum(g.D[::-1][1:] * h.D[:-1], axis=0)
        kernel = kernel + trained[1] * h.D[-1] + trained[0] * g.D[-1] * c.kernel
        out = {
            "f": out["f"].at[t].set(f),
            "f_read_in": out["f_read_in"].at[t].set(f_low),
            "pull": out["pull"].at[t].set(c.weights * residual),
            "ntk": out["ntk"].at[t].set(kernel),
            "H": out["H"].at[t].set(h.D),
            "G": out["G"].at[t].set(g.D[::-1]),
        }
        K, F, R, S, C = store
        for family, (r, blocks) in enumerate(swept):
            mirrored = swept[-1 - family][0]
            now = jnp.broadcast_to(c.gamma0 * (f[:, None] if family == 0 else f[None, :]), r.D.shape)
            full = jax.lax.dynamic_update_slice(r.K, r.D, (0, 0, start))
            K = _write_column(_write(K, family, full, start), family, full, start)
            F = _write_column(F, family, mirrored.F[::-1], start)
            F = _write(F, family, jax.lax.dynamic_update_slice(r.F, now, (0, 0, start)), start)
            R = _write(R, family, r.R, start)
            S = _write(S, family, r.S, start)
            C = _write(C, family, blocks, start)
        return Store(K, F, R, S, C), out

    result: tuple[Store, dict[str, jax.Array]] = jax.lax.fori_loop(first, last, row, (store, outputs))
    return result


def stretches(rows: int) -> list[int]:
    """Ends of stretches of rows; arrays grow from one stretch to the next, as the work of a row grows with them."""
    parts = 1 if rows <= 96 else 4
    return sorted({math.ceil(rows * (i + 1) / parts) for i in range(parts)})


def march_rows(
    constants: Constants,
    depth: int,
    rows: int,
    trained: tuple[bool, bool] = (True, True),
    mirror: bool = False,
) -> tuple[Store, dict[str, jax.Array]]:
    """All rows of a march, differentiable forward in `constants` (`jax.jvp`, `jax.jacfwd`).

    Args:
        constants: see `Constants`.
        depth: number of residual branches L.
        rows: number of rows T, one more than the number of updates.
        trained: whether the input layer and the readout are trained.
        mirror: whether to use that the problem is its own mirror image.
    """
    points = constants.kernel.shape[0]
    families, sites = (1 if mirror else 2), depth + 1
    out = {
        "f": jnp.zeros((rows, points)),
        "f_read_in": jnp.zeros((rows, points)),
        "pull": jnp.zeros((rows, points)),
        "ntk": jnp.zeros((rows, points, points)),
        "H": jnp.zeros((rows, sites, points, points)),
        "G": jnp.zeros((rows, sites, points, points)),
    }
    store = Store(*(jnp.zeros((families, sites - (name == "C"), 0, 0)) for name in "KFRSC"))
    first = 0
    for last in stretches(rows):
        grow = last * points - store.K.shape[-1]
        store = jax.tree.map(lambda a, g=grow: jnp.pad(a, ((0, 0), (0, 0), (0, g), (0, g))), store)
        store, out = _advance(store, out, first, last, constants, trained)
        first = last
    return store, out


def march_bytes(rows: int, points: int, depth: int, mirror: bool) -> int:
    """Largest memory of a march in bytes: five matrices per site and family, doubled while they grow."""
    families = 1 if mirror else 2
    return 2 * 5 * 8 * families * (depth + 1) * (rows * points) ** 2
