"""The linear relaxation of a box by an interior-point method, whose duals are the shifts at which its bound is lowest.

For type i (n people), plan j, level l, with z_jli for the outside share y_i where the level is on, and 0 elsewhere:

    maximise  sum_i n_i (outside_i y_i + sum_jl value_jli z_jli) + sum_jl fixed_jl x_jl
    with      sum_l z_jli = y_i                                   (dual: n_i t_ji, the value of a type and plan)
              y_i + sum_jl weight_jli z_jli = 1                   (dual: n_i lambda_i)
              sum_l x_jl = 1                                      (dual: theta_j)
              low_jli x_jl <= z_jli <= high_jli x_jl              (duals: beta, alpha >= 0)
              every limit, linear in the same way, >= 0           (duals: multipliers >= 0)

y is free, so lambda_i = outside_i + sum_j t_ji, and with d = value - lambda weight - t the dual's objective is
sum_i n_i lambda_i + sum_j max_l (fixed_jl + sum_i n_i (high d where d > 0, low d where d < 0)): the separable bound at
the values t (``levels.bounds``) where low and high are its reciprocal sizes. The bound is taken anew at whatever t
comes out, so nothing that is proven rests on this file.

Steps are predictor and corrector after Mehrotra (1992), "On the implementation of a primal-dual interior point method".
z and t go out of the equations entry by entry, x plan by plan (levels x levels); what is left are the types' lambda and
y and the multipliers: 2 I + K equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimizer.search.levels.blocks import Eliminated, product
from optimizer.search.tuning import Tuning
from optimizer.typing import Array


@dataclass(frozen=True)
class Relaxation:
    """The program; plans with fewer levels than others repeat their last one."""

    weight: Array
    """(J, L, I)."""
    value: Array
    """(J, L, I)."""
    fixed: Array
    """(J, L)."""
    outside: Array
    """(I,)."""
    low: Array
    """(J, L, I) least shares."""
    high: Array
    """(J, L, I) largest shares."""
    people: Array
    """(I,)."""
    limit_value: Array
    """(K, J, L, I)."""
    limit_fixed: Array
    """(K, J, L)."""
    limit_outside: Array
    """(K, I)."""
    limit_constant: Array
    """(K,)."""


class Point(NamedTuple):
    """Primal and dual variables, or a step of them."""

    x: Array
    z: Array
    y: Array
    over: Array
    """high x - z."""
    under: Array
    """z - low x."""
    spare: Array
    """(K,) what the limits are."""
    values: Array
    """(J, I) t."""
    unit: Array
    """(I,) lambda."""
    multipliers: Array
    """(K,)."""
    alpha: Array
    beta: Array
    idle: Array
    """(J, L) dual of x >= 0."""
    theta: Array

    @property
    def pairs(self) -> tuple[tuple[Array, Array], ...]:
        """Primal and dual entries whose products go to zero; first the one that the other's step follows from."""
        return (
            (self.over, self.alpha), (self.under, self.beta), (self.x, self.idle), (self.multipliers, self.spare),
        )  # fmt: skip

    @property
    def held(self) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Primal and dual entries that stay above zero."""
        return (self.over, self.under, self.x, self.spare), (self.alpha, self.beta, self.idle, self.multipliers)


@np.errstate(all="ignore")
def solve(given: Relaxation, values: Array, cutoff: float, tuning: Tuning) -> tuple[Array, Array] | None:
    """(J, I) values t and (K,) multipliers at which the dual is lowest, from values to start with.

    Ends where the gap is a part of the dual's distance to the ``cutoff``, or where the dual is below that. None where
    numbers run away.
    """
    made, size, units = scaled(given, tuning.relaxed_narrow)
    at, limit = _first(made, values / size, tuning.relaxed_slack), cutoff / size
    part = tuning.relaxed_tolerance
    for _ in range(tuning.relaxed_steps):
        dual = objective(made, at)
        gap = sum(float((a * b).sum()) for a, b in at.pairs)
        missed = _missed(made, at)
        far = max(np.abs(missed.shares).max(), np.abs(missed.whole).max())
        above = max(dual - limit, part * abs(dual)) if np.isfinite(limit) else abs(dual)
        if dual <= limit or (far < tuning.relaxed_missed and gap < part * above):
            break
        try:
            at = _stepped(made, at, missed, gap, tuning.relaxed_block)
        except np.linalg.LinAlgError:
            break
    found = at.values * size, at.multipliers * size / units
    return found if all(np.isfinite(part).all() for part in found) else None


def scaled(given: Relaxation, narrow: float) -> tuple[Relaxation, float, Array]:
    """The program with values and limits near 1, intervals with an inside; the aim's and the limits' units."""

    def size(value: Array, fixed: Array) -> float:
        return float(((np.abs(value) * given.high) @ given.people + np.abs(fixed)).max()) or 1.0

    unit = size(given.value, given.fixed)
    parts = zip(given.limit_value, given.limit_fixed, given.limit_constant, strict=True)
    units = np.array([max(size(value, fixed), abs(float(constant))) for value, fixed, constant in parts])
    made = Relaxation(
        given.weight, given.value / unit, given.fixed / unit, given.outside / unit, given.low,
        np.maximum(given.high, (1.0 + narrow) * given.low), given.people,
        given.limit_value / units[:, None, None, None], given.limit_fixed / units[:, None, None],
        given.limit_outside / units[:, None], given.limit_constant / units,
    )  # fmt: skip
    return made, unit, units


def objective(made: Relaxation, at: Point) -> float:
    """The dual's."""
    return float(made.people @ at.unit + at.theta.sum() + at.multipliers @ made.limit_constant)


def _priced(made: Relaxation, multipliers: Array) -> tuple[Array, Array, Array]:
    """Values, fixed and outside amounts of aim and limits together."""
    if not len(multipliers):
        return made.value, made.fixed, made.outside
    parts = ((made.value, made.limit_value), (made.fixed, made.limit_fixed), (made.outside, made.limit_outside))
    value, fixed, outside = (own + np.tensordot(multipliers, more, 1) for own, more in parts)
    return value, fixed, outside


def _first(made: Relaxation, values: Array, part: float) -> Point:
    """A point inside all intervals at these values; dual feasible, sums of shares are not met yet."""
    plans, levels, _ = made.weight.shape
    count = len(made.limit_constant)
    x = np.full((plans, levels), 1.0 / levels)
    z = 0.5 * (made.low + made.high) * x[:, :, None]
    spare = multipliers = np.full(count, part)
    value, fixed, outside = _priced(made, multipliers)
    unit = outside + values.sum(axis=0)
    d = made.people * (value - unit * made.weight - values[:, None])
    slack = part * float(np.abs(d).mean()) + 1e-8
    alpha, beta = np.maximum(d, 0.0) + slack, np.maximum(-d, 0.0) + slack
    worth = fixed + (made.high * alpha - made.low * beta).sum(axis=2)
    theta = worth.max(axis=1) + part * float(np.abs(worth).mean()) + 1e-8
    over, under = made.high * x[:, :, None] - z, z - made.low * x[:, :, None]
    y = z.sum(axis=1).mean(axis=0)
    idle = theta[:, None] - worth
    return Point(x, z, y, over, under, spare, values, unit, multipliers, alpha, beta, idle, theta)


class _Missed(NamedTuple):
    """What the equations are missed by."""

    shares: Array
    """(J, I) y less sums of z."""
    whole: Array
    """(I,)."""
    ones: Array
    """(J,)."""
    limits: Array
    """(K,)."""
    on_z: Array
    """(J, L, I) of the dual."""
    on_x: Array
    """(J, L) of the dual."""
    on_y: Array
    """(I,) of the dual."""


def _missed(made: Relaxation, at: Point) -> _Missed:
    people = made.people
    value, fixed, outside = _priced(made, at.multipliers)
    reached = people * at.z
    limits = at.spare - made.limit_constant - made.limit_outside @ (people * at.y)
    limits -= np.tensordot(made.limit_fixed, at.x, 2) + np.tensordot(made.limit_value, reached, 3)
    return _Missed(
        at.y - at.z.sum(axis=1),
        1.0 - at.y - (made.weight * at.z).sum(axis=(0, 1)),
        1.0 - at.x.sum(axis=1),
        limits,
        people * (value - at.unit * made.weight - at.values[:, None]) - at.alpha + at.beta,
        fixed + (made.high * at.alpha - made.low * at.beta).sum(axis=2) - at.theta[:, None] + at.idle,
        people * (outside - at.unit + at.values.sum(axis=0)),
    )


def _stepped(made: Relaxation, at: Point, missed: _Missed, gap: float, block: int) -> Point:
    """The next point. Raises LinAlgError where the equations cannot be solved."""
    count = sum(a.size for a, _ in at.pairs)
    newton = _Newton(made, at, missed, block)
    ahead = newton.step([-b for _, b in at.pairs])
    lengths = _lengths(at, ahead)
    after = _moved(at, ahead, *lengths)
    left = sum(float((a * b).sum()) for a, b in after.pairs)
    aim = (left / gap) ** 3 * gap / count
    pairs = zip(at.pairs, ahead.pairs, strict=True)
    step = newton.step([aim / a - b - db * da / a for (a, b), (da, db) in pairs])
    reach = min(0.9995, max(0.9, 1.0 - gap / abs(objective(made, at) or 1.0)))
    first, second = _lengths(at, step)
    return _moved(at, step, min(1.0, reach * first), min(1.0, reach * second))


def _lengths(at: Point, step: Point) -> tuple[float, float]:
    """How far primal and dual entries can go before one of them is zero; at most 1."""
    ends = []
    for parts, moves in zip(at.held, step.held, strict=True):
        fall = max(float((-move / part).max(initial=0.0)) for part, move in zip(parts, moves, strict=True))
        ends.append(1.0 / max(1.0, fall))
    return ends[0], ends[1]


def _moved(at: Point, step: Point, primal: float, dual: float) -> Point:
    first = Point._fields.index("values")
    lengths = [primal] * first + [dual] * (len(at) - first)
    return Point(*(a + length * s for a, s, length in zip(at, step, lengths, strict=True)))


class _Newton:
    """The equations of one step, solved for any right-hand side of the products.

    With H = alpha / over + beta / under, g = n / H and P the middle of low and high by the parts of H:

        dz = P dx + (on_z - ...) / H - g (weight dlambda - limits dmultipliers + dt)
        dt = (sum_l of that without dt - dy - shares) / sum_l g
        (diag + sum_i n P P' / sum_l g) dx + dtheta = columns (dlambda, dy, dmultipliers) + constants, per plan.
    """

    def __init__(self, made: Relaxation, at: Point, missed: _Missed, block: int) -> None:
        self.made, self.at, self.missed, self.block = made, at, missed, block
        people, weight = made.people, made.weight
        self.up, self.down = at.alpha / at.over, at.beta / at.under
        self.stiff = self.up + self.down
        self.middle = (self.up * made.high + self.down * made.low) / self.stiff
        self.give = people / self.stiff
        self.gives = self.give.sum(axis=1)
        own = at.idle / at.x + (self.up * self.down / self.stiff * (made.high - made.low) ** 2).sum(axis=2)
        rooted = self.middle * np.sqrt(people / self.gives)[:, None]
        matrix = rooted @ rooted.transpose(0, 2, 1)
        levels = np.arange(matrix.shape[1])
        matrix[:, levels, levels] += own
        inverse = np.linalg.inv(matrix)
        self.one = inverse.sum(axis=2)
        self.all = self.one.sum(axis=1)
        # with the sum of dx held: dx = held columns + one (what the sum misses) / all
        self.held = inverse - self.one[:, :, None] * (self.one / self.all[:, None])[:, None]
        self._couple(people, weight)

    def _couple(self, people: Array, weight: Array) -> None:
        """The equations of lambda, y and multipliers, all else eliminated."""
        made, give, gives = self.made, self.give, self.gives
        plans, levels, types = weight.shape
        count = len(made.limit_constant)
        size, mean = 2 * types + count, (give * weight).sum(axis=1) / gives
        off = weight - mean[:, None]
        pull = people * self.middle
        columns = np.empty((plans, levels, size))
        columns[:, :, :types] = -pull * off
        columns[:, :, types : 2 * types] = pull / gives[:, None]
        means = (give * made.limit_value).sum(axis=2) / gives
        apart = made.limit_value - means[:, :, None]
        columns[:, :, 2 * types :] = (pull * apart).sum(axis=3).transpose(1, 2, 0) + made.limit_fixed.transpose(1, 2, 0)
        self.columns, self.answer = columns, self.held @ columns
        matrix = product(columns.reshape(-1, size), self.answer.reshape(-1, size), self.block)
        i, more = np.arange(types), slice(2 * types, size)
        matrix[i, i] += people * (give * weight * off).sum(axis=(0, 1))
        matrix[types + i, types + i] -= people * (1.0 / gives).sum(axis=0)
        across = people * (1.0 + mean.sum(axis=0))
        matrix[i, types + i] -= across
        matrix[types + i, i] -= across
        if count:
            by_unit = -people * (weight * give * apart).sum(axis=(1, 2))
            by_share = people * (means.sum(axis=1) + made.limit_outside)
            matrix[more, :types] += by_unit
            matrix[:types, more] += by_unit.T
            matrix[more, types : 2 * types] += by_share
            matrix[types : 2 * types, more] += by_share.T
            matrix[more, more] += np.tensordot(people * made.limit_value, give * apart, ([1, 2, 3], [1, 2, 3]))
            matrix[more, more] += np.diag(self.at.spare / self.at.multipliers)
        diagonal = np.abs(np.diag(matrix))
        self.equations = Eliminated(matrix + 1e-14 * np.diag(diagonal), self.block)

    def step(self, push: list[Array]) -> Point:
        """The step at which the second of every pair moves by ``push`` less second / first times the first's move."""
        made, at, missed, people = self.made, self.at, self.missed, self.made.people
        on_over, on_under, on_x, on_spare = push
        types = len(people)
        pulled = missed.on_z - on_over + on_under
        free = pulled / self.stiff
        lag = (free.sum(axis=1) - missed.shares) / self.gives
        drive = missed.on_x + on_x + (made.high * on_over - made.low * on_under).sum(axis=2)
        drive += (self.middle * pulled).sum(axis=2) - (people * self.middle * lag[:, None]).sum(axis=2)
        x0 = (self.held @ drive[:, :, None])[:, :, 0] + self.one * (missed.ones / self.all)[:, None]
        moved = self.middle * x0[:, :, None]
        t0 = moved.sum(axis=1) / self.gives + lag
        z0 = moved - self.give * t0[:, None] + free
        right = [
            -people * (missed.whole - (made.weight * z0).sum(axis=(0, 1))),
            -missed.on_y - people * t0.sum(axis=0),
            missed.limits + on_spare - np.tensordot(made.limit_value, people * z0, 3)
            - np.tensordot(made.limit_fixed, x0, 2),
        ]  # fmt: skip
        found = self.equations.solve(np.concatenate(right))
        unit, y, prices = found[:types], found[types : 2 * types], found[2 * types :]
        x = x0 + self.answer @ found
        inner = self.middle * x[:, :, None] - self.give * (unit * made.weight) + free
        if len(prices):
            inner += self.give * np.tensordot(prices, made.limit_value, 1)
        values = (inner.sum(axis=1) - y - missed.shares) / self.gives
        z = inner - self.give * values[:, None]
        over, under = made.high * x[:, :, None] - z, z - made.low * x[:, :, None]
        alpha, beta = on_over - self.up * over, on_under - self.down * under
        idle = on_x - at.idle / at.x * x
        worth = missed.on_x + idle + (made.high * alpha - made.low * beta).sum(axis=2)
        theta = (worth + np.tensordot(prices, made.limit_fixed, 1)).mean(axis=1)
        spare = on_spare - at.spare / at.multipliers * prices
        return Point(x, z, y, over, under, spare, values, unit, prices, alpha, beta, idle, theta)
