"""A posterior by Gauss-Newton: residuals against tables, a standard normal prior, the spread about the best point.

Sources: Nocedal and Wright, Numerical Optimization (2006), ch. 10; Tierney and Kadane (1986) for the normal
approximation; Oliver, He and Reynolds (1996) for draws by refitting perturbed data (randomised maximum likelihood).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizer.errors import InputError, bad_argument
from optimizer.typing import Array, Bools

Residuals = Callable[[Array], Array]
"""From z (N,) to (M,) standardised differences. May raise InputError where no market has these numbers."""
Slopes = Callable[[Array, Array], Array]
"""From z and its residuals to (M, N) derivatives."""
STEPS = 25
LONGEST = 2.5
"""Longest step of a number, in prior deviations."""
SETTLED = 0.02
"""Gain of a step below which no other is taken, in units of log density."""
SHORTEST = 1e-3
KEPT = 0.5
"""Part of the gain it promises that a step must bring for its Jacobian to be used again."""
NEAR = 0.1
"""Prior deviations within which a Jacobian is taken for the same."""
REFITS = 2
"""Steps of a refit, with the Jacobian of the best point."""


@dataclass(frozen=True)
class Posterior:
    """The best point and the spread about it."""

    z: Array
    residuals: Array
    jacobian: Array
    covariance: Array
    steps: int

    @property
    def sd(self) -> Array:
        return np.sqrt(np.diag(self.covariance))

    @property
    def log_density(self) -> float:
        """Up to a constant."""
        return log_density(self.residuals, self.z)

    def sd_without(self, rows: Bools) -> Array:
        """(N,) spread if some of the residuals had not been seen."""
        return np.sqrt(np.diag(covariance(self.jacobian[~rows])))


def log_density(residuals: Array, z: Array) -> float:
    """-1/2 (r'r + z'z)."""
    return -0.5 * float(residuals @ residuals + z @ z)


def covariance(jacobian: Array) -> Array:
    """(J'J + I)^-1."""
    return np.asarray(np.linalg.inv(jacobian.T @ jacobian + np.eye(jacobian.shape[1])))


def posterior(residuals: Residuals, slopes: Slopes, start: Array, known: Array | None = None) -> Posterior:
    """The best point from a start. Raises InputError where the start has no market.

    ``known``: the Jacobian at the start, where it is there already. A Jacobian serves for further steps as long as
    these gain about what it promises.
    """
    z, r = start, residuals(start)
    jacobian, at, steps = slopes(z, r) if known is None else known, z, 0
    while steps < STEPS:
        steps += 1
        fresh = at is z
        step = covariance(jacobian) @ -(jacobian.T @ r + z)
        moved = _step(residuals, z, r, step)
        gain = 0.0 if moved is None else log_density(moved[1], moved[0]) - log_density(r, z)
        promised = log_density(r + jacobian @ step, z + step) - log_density(r, z)
        if moved is not None:
            z, r = moved
        if gain < SETTLED and (fresh or _near(z, at)):
            break
        if gain < max(SETTLED, KEPT * promised):
            jacobian, at = slopes(z, residuals(z)), z
    if not _near(z, at):
        jacobian = slopes(z, residuals(z))
    return Posterior(z, r, jacobian, covariance(jacobian), steps)


def _near(z: Array, at: Array) -> bool:
    """Whether a Jacobian of one point is as good as that of another."""
    return float(np.abs(z - at).max()) < NEAR


def _step(residuals: Residuals, z: Array, r: Array, step: Array) -> tuple[Array, Array] | None:
    """The first of ever shorter steps that leads up; None where none does."""
    length = min(1.0, LONGEST / max(float(np.abs(step).max()), 1e-12))
    while length > SHORTEST:
        try:
            new = residuals(z + length * step)
            if log_density(new, z + length * step) > log_density(r, z):
                return z + length * step, new
        except InputError:
            pass
        length *= 0.5
    return None


def refitted(found: Posterior, residuals: Residuals, rng: np.random.Generator, tries: int = 20) -> Array:
    """A draw: data and prior perturbed, and fitted again by a few steps with the Jacobian that is there.

    Raises InputError where no market was found in many tries.
    """
    for _ in range(tries):
        data, prior = rng.standard_normal(len(found.residuals)), rng.standard_normal(len(found.z))
        z = found.z + found.covariance @ (found.jacobian.T @ data + prior)
        try:
            for _ in range(REFITS):
                z = z - found.covariance @ (found.jacobian.T @ (residuals(z) - data) + (z - prior))
            residuals(z)
        except InputError:
            continue
        return np.asarray(z)
    raise bad_argument("draws", "no market was found near the learned one", "check the tables")


def forward_slopes(residuals: Callable[[Array, int], Array], z: Array, r: Array, step: float) -> Array:
    """(M, N) forward differences; backward where there is no market ahead, none where there is neither.

    ``residuals`` takes the point and the number that was moved.
    """
    jacobian = np.zeros((len(r), len(z)))
    for k in range(len(z)):
        for h in (step, -step):
            moved = z.copy()
            moved[k] += h
            try:
                jacobian[:, k] = (residuals(moved, k) - r) / h
            except InputError:
                continue
            break
    return jacobian
