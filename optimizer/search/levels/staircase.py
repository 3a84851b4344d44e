"""The menus known for all thresholds of a limit: none of them has both less x and no more y than another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimizer.model.instance import Limit, evaluate
from optimizer.search.engine import GapRule
from optimizer.search.levels.enumeration import Incumbent
from optimizer.search.levels.evaluation import Truth
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Array, Choice


@dataclass
class Staircase:
    """Menus by rising x and falling y; what a search evaluates is offered to all thresholds."""

    truth: Truth
    """Of the other limits."""
    moving: Limit
    """x itself."""
    rule: GapRule
    tuning: Tuning = DEFAULT
    choices: list[Choice] = field(default_factory=list)
    x: Array = field(default_factory=lambda: np.empty(0))
    y: Array = field(default_factory=lambda: np.empty(0))
    _tried: dict[Choice, float | None] = field(default_factory=dict)

    def offer(self, choice: Choice) -> float | None:
        """Keep a menu if no menu known has as much of both; its x, None where it misses another condition."""
        if choice not in self._tried:
            x, y = None, self.truth.value(*choice)
            if y is not None:
                x = evaluate(self.truth.instance, {"x": self.moving.figure}, *choice)["x"]
                self._keep(choice, x, y)
            self._tried[choice] = x
        return self._tried[choice]

    def _keep(self, choice: Choice, x: float, y: float) -> None:
        at = int(np.searchsorted(self.x, x))
        if at < len(self.x) and self.y[at] >= y:
            return
        stays = (self.x > x) | (self.y > y)
        at = int(stays[:at].sum())
        self.x, self.y = np.insert(self.x[stays], at, x), np.insert(self.y[stays], at, y)
        self.choices = [c for c, stay in zip(self.choices, stays, strict=True) if stay]
        self.choices.insert(at, choice)

    def near(self, threshold: float, count: int = 1) -> list[Choice]:
        """The one with the most y that keeps the limit first, then its neighbours, so many on either side."""
        at = int(np.searchsorted(self.x, threshold))
        return [*self.choices[at : at + count], *self.choices[max(0, at - count) : at]]

    def best(self, threshold: float) -> Incumbent | None:
        """The one with the most y that keeps the limit, by more than rounding."""
        at = int(np.searchsorted(self.clear, threshold))
        if at == len(self.choices):
            return None
        return Incumbent(float(self.y[at]), *self.choices[at])

    @property
    def clear(self) -> Array:
        """Thresholds up to which menus serve: the limit decides to the last digit who keeps it."""
        return np.asarray(self.x - 1e-12 * np.abs(self.x).max(initial=0.0))

    def reached(self, low: float, high: float) -> tuple[Array, Array]:
        """Thresholds between two just above which less y is known, the lower end first, and y there; empty where at
        some threshold none is."""
        at = self.clear
        steps = np.concatenate([[low], at[(at > low) & (at < high)]])
        serving = np.searchsorted(at, steps, side="right")
        if serving.max() >= len(at):
            return np.empty(0), np.empty(0)
        return steps, self.y[serving]

    def hear(self, threshold: float, aims: Array, slack: Array, choice: Callable[[int], Choice]) -> None:
        """Told what a search at a threshold evaluates, see ``Truth.listener``: the menus that gain most are offered."""
        x = slack + threshold
        at = np.searchsorted(self.x, x)
        inside = at < len(self.x)
        if not inside.any():
            return
        known = self.y[np.minimum(at, len(self.y) - 1)]
        gain = np.where(inside, aims - known - self.rule.gap * np.maximum(np.abs(known), self.rule.scale), 0.0)
        for _ in range(self.tuning.offered):
            k = int(gain.argmax())
            if not gain[k] > 0.0:
                return
            self.offer(choice(k))
            gain[(x <= x[k]) & (aims <= aims[k])] = 0.0
