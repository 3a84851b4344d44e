"""Figures, ratios and conditions by name, to be stated on any form of a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.economics.figures import TOTAL
from optimizer.errors import bad_argument
from optimizer.execution.arrays import number
from optimizer.model.instance import Figure, Instance
from optimizer.model.measures import FLOOR_ARRAYS, ConditionBound, Measure, magnitude
from optimizer.problems.statements import Condition, Ratio


@dataclass(frozen=True)
class Asked:
    """A figure, or a ratio of two."""

    above: str
    below: str | None = None
    floor: float = 0.0
    """Least denominator at which a menu counts."""

    def on(self, figures: Mapping[str, Figure]) -> Measure:
        """As a measure."""
        if self.below is None:
            return Measure(self.above, TOTAL, figures[self.above], None, 0.0)
        name = f"{self.above} / {self.below}"
        return Measure(name, TOTAL, figures[self.above], figures[self.below], self.floor)


@dataclass(frozen=True)
class AskedSide:
    """One side of a condition."""

    name: str
    asked: Asked
    sense: int
    """+1 at least, -1 at most."""
    value: float

    def on(self, figures: Mapping[str, Figure]) -> ConditionBound:
        """As a bound on a measure."""
        made = self.asked.on(figures)
        return ConditionBound(self.name or made.name, made, self.sense, self.value)


def asked(what: Any, argument: str, instance: Instance, figures: Mapping[str, Figure]) -> Asked:
    """What a figure's name or a :class:`Ratio` stands for. Raises InputError."""
    if not isinstance(what, Ratio):
        return Asked(_named(what, argument, figures))
    below = _named(what.denominator, argument, figures)
    floor = FLOOR_ARRAYS * magnitude(instance, figures[below]) or 1.0
    if what.floor is not None:
        floor = number(what.floor, f"{argument}.floor", above=0.0)
    return Asked(_named(what.numerator, argument, figures), below, floor)


def _named(name: Any, argument: str, figures: Mapping[str, Figure]) -> str:
    if isinstance(name, str) and name in figures:
        return name
    raise bad_argument(argument, f"no figure is named {name!r}", f"one of {', '.join(figures)}")


def sides(conditions: Sequence[Any], instance: Instance, figures: Mapping[str, Figure]) -> tuple[AskedSide, ...]:
    """Every side of every condition. Raises InputError."""
    found: list[AskedSide] = []
    names: set[str] = set()
    for k, condition in enumerate(conditions):
        argument = f"conditions[{k}]"
        if not isinstance(condition, Condition):
            raise bad_argument(argument, f"is not a Condition, but {type(condition).__name__}")
        measured = asked(condition.figure, argument, instance, figures)
        name: Any = condition.name
        if not isinstance(name, str) or name in names:
            raise bad_argument(f"{argument}.name", f"is no name of its own: {name!r}")
        names |= {name} - {""}
        given = {s: getattr(condition, s) for s in ("at_least", "at_most") if getattr(condition, s) is not None}
        values = {side: number(value, f"{argument}.{side}") for side, value in given.items()}
        if not values:
            raise bad_argument(argument, "has neither at_least nor at_most")
        if len(values) == 2 and values["at_least"] > values["at_most"]:
            raise bad_argument(argument, "at_least lies above at_most", "swap them")
        found += [AskedSide(name, measured, 1 if side == "at_least" else -1, v) for side, v in values.items()]
    return tuple(found)
