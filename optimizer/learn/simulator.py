"""The market's evaluator as a simulator: numbers in, what the tables would show out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from optimizer.learn.compared import TableFigure, predictions
from optimizer.learn.numbers import NumberVector
from optimizer.learn.posterior import forward_slopes
from optimizer.learn.worlds import MarketWorld
from optimizer.model.case_model import CaseModel, vary
from optimizer.typing import Array

FACTOR, FACTOR_SD = math.log(0.3), 1.0
"""What is believed of the part of a test's visitors who decide at all: median and spread, in logarithms."""
STEP = 0.03
"""Of the differences for the Jacobian, in prior deviations."""


@dataclass(frozen=True)
class Simulator:
    """Tables' figures as functions of z: the numbers, then the logarithms of the nuisances in their own deviations."""

    m: CaseModel
    """The market that is varied: counts are those of the tables."""
    numbers: NumberVector
    figures: tuple[TableFigure, ...]
    discrepancy: float
    _centre: dict[str, tuple[bytes, CaseModel, list[float]]] = field(default_factory=dict, repr=False, compare=False)
    _values: dict[str, tuple[bytes, dict[str, float]]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def factors(self) -> tuple[str, ...]:
        """Nuisances."""
        return tuple(dict.fromkeys(f.factor for f in self.figures if f.factor))

    @property
    def size(self) -> int:
        return len(self.numbers.priors) + len(self.factors)

    def market_at(self, z: Array) -> CaseModel:
        """The case in the market of z. Raises InputError."""
        return vary(self.m, self.numbers.values(z[: len(self.numbers.priors)]))

    def predicted(self, z: Array) -> list[float]:
        """What the tables would show, nuisances included. Raises InputError."""
        return self._with_factors(self._at(z)[1], z)

    def residuals(self, z: Array) -> Array:
        """(M,) how far each figure would be too high. Raises InputError."""
        return self._residuals(self._at(z)[1], z)

    def slopes(self, z: Array, r: Array) -> Array:
        """(M, N) their derivatives."""
        return forward_slopes(self._moved, z, r, STEP)

    def _at(self, z: Array) -> tuple[CaseModel, list[float]]:
        key = z[: len(self.numbers.priors)].tobytes()
        known = self._centre.get("at")
        if known is None or known[0] != key:
            near = self.m if known is None else known[1]
            m = vary(near, self.numbers.values(z[: len(self.numbers.priors)]))
            known = key, m, predictions(self.figures, MarketWorld(m))
            self._centre["at"] = known
        return known[1], known[2]

    def nearby(self, z: Array, k: int) -> CaseModel:
        """The market with one number moved away from the point evaluated last, whose calibration is near."""
        key, centre, _ = self._centre["at"]
        if self._values.get("at", (b"",))[0] != key:
            self._values["at"] = key, self.numbers.values(np.frombuffer(key))
        changed = self.numbers.changed(z[: len(self.numbers.priors)], k, self._values["at"][1])
        return vary(centre, changed) if changed else centre

    def _moved(self, z: Array, k: int) -> Array:
        """Residuals with one number moved away from the point evaluated last."""
        _, centre, told = self._centre["at"]
        if k < len(self.numbers.priors):
            m = self.nearby(z, k)
            told = told if m is centre else predictions(self.figures, MarketWorld(m))
        return self._residuals(told, z)

    def _with_factors(self, told: Sequence[float], z: Array) -> list[float]:
        logs = FACTOR + FACTOR_SD * z[len(self.numbers.priors) :]
        by = dict(zip(self.factors, np.exp(logs).tolist(), strict=True))
        return [p * by.get(f.factor, 1.0) for f, p in zip(self.figures, told, strict=True)]

    def _residuals(self, told: Sequence[float], z: Array) -> Array:
        wanted = self._with_factors(told, z)
        return np.array([f.residual(p, self.discrepancy) for f, p in zip(self.figures, wanted, strict=True)])
