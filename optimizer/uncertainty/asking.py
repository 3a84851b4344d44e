"""The arguments of a ``RobustProblem``, checked, as a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np

from optimizer.errors import bad_argument
from optimizer.execution.arrays import each, number
from optimizer.model.composites import Composites
from optimizer.model.instance import Figure, Instance, Limit, combine
from optimizer.optimise.risks import Risk, caps_of
from optimizer.search.tuning import DEFAULT
from optimizer.typing import Array
from optimizer.uncertainty.arrays import spare
from optimizer.uncertainty.nested_draw import NestedDraw, StatedDraw
from optimizer.uncertainty.question import Holds, Requirement, RiskQuestion
from optimizer.uncertainty.wide_question import WideQuestion

WIDE_LEVELS = DEFAULT.wide_levels
"""Combinations of a nest from which only those that matter are built."""


@runtime_checkable
class Posed(Protocol):
    """One draw: what a ``MenuProblem`` offers. Figures and limits are on ``instance``, its plans are ``composites``."""

    @property
    def instance(self) -> Instance: ...

    @property
    def figures(self) -> Mapping[str, Figure]: ...

    @property
    def composites(self) -> Composites: ...

    @property
    def limits(self) -> tuple[Limit, ...]: ...

    def linear(self, name: str, argument: str) -> Figure: ...

    def limits_of(self, condition: Any, where: str) -> tuple[Limit, ...]: ...

    def evaluate(self, menu: Sequence[int], mix: int = 0) -> dict[str, float]: ...


def posed(problems: Any) -> tuple[Posed, ...]:
    """The problems, which share plans, levels, rules, mixes, figures and what is asked of them. Raises InputError."""
    found: list[Posed] = []
    for s, problem in enumerate(each(problems, None, "problems", "draw")):
        if not isinstance(problem, NestedDraw | Posed):  # in this order: what is nested is not built to see what it is
            raise bad_argument(f"problems[{s}]", f"is not a MenuProblem, but {type(problem).__name__}")
        found.append(cast(Posed, problem))
    if not found:
        raise bad_argument("problems", "has no draw")
    for s, problem in enumerate(found):
        for what, one, other in _shared(problem, found[0]):
            if one != other:
                raise bad_argument(
                    f"problems[{s}]", f"has other {what} than problems[0]", "draws differ in numbers alone"
                )
        for k, (one, other) in enumerate(zip(_bare(problem).rules, _bare(found[0]).rules, strict=True)):
            pair = (one.first, one.second) == (other.first, other.second)
            if not pair or not np.array_equal(one.allowed, other.allowed):
                raise bad_argument(
                    f"problems[{s}]", f"has another rule {k} than problems[0]", "draws share their rules"
                )
    return tuple(found)


def _bare(problem: Posed) -> Instance:
    """The instance by plans where there is one: what draws share is seen there too."""
    return problem.members.plain if isinstance(problem, NestedDraw) else problem.instance


def _shared(one: Posed, other: Posed) -> list[tuple[str, Any, Any]]:
    def parts(problem: Posed) -> list[tuple[str, Any]]:
        instance, stated = _bare(problem), problem.by_plan if isinstance(problem, NestedDraw) else problem
        return [
            ("nests", [part.plans for part in problem.composites.parts]),
            ("plans or levels", [part.levels.tobytes() for part in problem.composites.parts]),
            ("mixes", instance.mixes),
            ("rules", len(instance.rules)),
            ("capacities", len(instance.blocks)),
            ("figures", sorted(stated.figures)),
            ("conditions", len(stated.limits)),
        ]

    return [(name, a, b) for (name, a), (_, b) in zip(parts(one), parts(other), strict=True)]


def question_of(
    problems: Sequence[Posed], weights: Array, aim: Any, risk: Risk, tail: Any, chance: Any, on_mean: Any
) -> RiskQuestion | WideQuestion:
    """What is asked, without the offsets of regret. Raises InputError."""
    nested = [problem for problem in problems if isinstance(problem, NestedDraw)]
    wide = wide_parts(nested[0].composites) if len(nested) == len(problems) else ()
    if wide:
        plain = _asked([problem.by_plan for problem in nested], weights, aim, risk, tail, chance, on_mean)
        return WideQuestion(plain, tuple(problem.members for problem in nested), wide)
    return _asked(problems, weights, aim, risk, tail, chance, on_mean)


def wide_parts(composites: Composites) -> tuple[int, ...]:
    """Nests with so many combinations of levels that they are not built as a whole in every draw."""
    return tuple(
        p for p, part in enumerate(composites.parts) if len(part.plans) > 1 and len(part.levels) >= WIDE_LEVELS
    )


def _asked(
    problems: Sequence[Posed | StatedDraw], weights: Array, aim: Any, risk: Risk, tail: Any, chance: Any, on_mean: Any
) -> RiskQuestion:
    aims = tuple(problem.linear(aim, "aim") for problem in problems)
    limits: list[list[Limit]] = [[*problem.limits, *_burst_limits(problem.instance)] for problem in problems]
    if len({len(own) for own in limits}) > 1:
        raise bad_argument("problems", "differ in which capacities have a limit")
    requirements = [Requirement(limit.name, Holds.EVERY, (k,)) for k, limit in enumerate(limits[0])]

    def ask(given: Any, where: str, holds: Holds, share: float) -> None:
        found = [problem.limits_of(given, where) for problem in problems]
        at = len(limits[0])
        for own, more in zip(limits, found, strict=True):
            own.extend(more)
        requirements.append(Requirement(found[0][0].name, holds, tuple(range(at, len(limits[0]))), share))

    for k, condition in enumerate(each(on_mean, None, "on_mean", "condition")):
        ask(condition, f"on_mean[{k}]", Holds.MEAN, 1.0)
    for k, pair in enumerate(each(chance, None, "chance", "condition and share of the draws")):
        parts = each(pair, 2, f"chance[{k}]", "part: a condition, and the share of the draws in which it holds")
        share = number(parts[1], f"chance[{k}][1]", above=0.0)
        if share > 1.0:
            raise bad_argument(f"chance[{k}][1]", f"must be 1 or less, but is {share:g}", "write 0.9 for nine in ten")
        ask(parts[0], f"chance[{k}][0]", Holds.CHANCE, share)
    return RiskQuestion(
        tuple(problem.instance for problem in problems), aims, tuple(tuple(own) for own in limits), tuple(requirements),
        weights, caps_of(risk, weights, tail), np.zeros(len(weights)),
    )  # fmt: skip


def _burst_limits(instance: Instance) -> list[Limit]:
    """Finite limits of burst as limits of their own; the tolerance is that of ``within_burst``."""
    return [
        Limit(
            f"burst limit of {block.name}", combine([(1.0, left)], block.limit + 1e-9 * (block.reserved + block.limit))
        )
        for block, left in zip(instance.blocks, spare(instance), strict=True)
        if np.isfinite(block.limit)
    ]
