"""The arguments of a ``MenuProblem``, checked, as an instance and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.economics import choice
from optimizer.errors import bad_argument
from optimizer.execution.arrays import LARGEST, dimensions, each, finite, index, number, refuse, table
from optimizer.model.instance import Block, Figure, Instance, Rule
from optimizer.problems.statements import Burst
from optimizer.typing import Array


@dataclass(frozen=True)
class Plans:
    """Customers, the plans' attractions and rules, as if every plan stood alone; compute comes later."""

    instance: Instance
    attraction: tuple[Array, ...]
    """exp(V), (I, L_j) by plan: what someone who decides anew looks at."""


def plans_of(
    customers: Any, attraction: Any, denominators: Any, rules: Any, decision_rate: Any, outside_decision_rate: Any
) -> Plans:
    """The arguments about plans. Raises InputError."""
    shape = (None,) if dimensions(customers) == 1 else (None, None)
    reach = finite(customers, shape, "customers", above=0.0)
    reach = np.atleast_2d(reach)
    plans = each(attraction, None, "attraction")
    if not plans:
        raise bad_argument("attraction", "has no plan")
    types = reach.shape[1]
    a = tuple(finite(a, (types, None), f"attraction[{j}]", least=0.0) for j, a in enumerate(plans))
    w = _weights(a, decision_rate, outside_decision_rate)
    e = w if denominators is None else _per_plan(denominators, a, "denominators", least=0.0)
    return Plans(Instance(reach, w, e, (), _rules(rules, [x.shape[1] for x in w])), a)


def _per_plan(
    value: Any, like: Sequence[Array], name: str, *, least: float | None = None, above: float | None = None
) -> tuple[Array, ...]:
    """An (I, L_j) array for every plan. Raises InputError."""
    given = each(value, len(like), name)
    return tuple(
        finite(x, a.shape, f"{name}[{j}]", least=least, above=above)
        for j, (x, a) in enumerate(zip(given, like, strict=True))
    )


def _weights(a: tuple[Array, ...], decision_rate: Any, outside_decision_rate: Any) -> tuple[Array, ...]:
    """Stock attraction: attraction times the alternatives' rate of deciding anew over the plan's."""
    outside = np.ones(a[0].shape[0])
    if outside_decision_rate is not None:
        outside = finite(outside_decision_rate, outside.shape, "outside_decision_rate", above=0.0)
    if decision_rate is None:
        return a if outside_decision_rate is None else _stocks(a, [np.ones_like(x) for x in a], outside)
    return _stocks(a, _per_plan(decision_rate, a, "decision_rate", above=0.0), outside)


def _stocks(a: Sequence[Array], rates: Sequence[Array], outside: Array) -> tuple[Array, ...]:
    found = []
    for j, (x, rate) in enumerate(zip(a, rates, strict=True)):
        with np.errstate(over="ignore"):
            ours, theirs = choice.stock(x, rate), choice.stock(np.ones(len(outside)), outside)
            weight = choice.stock_attraction(ours, theirs[:, None])
            wrong = (weight > LARGEST) | (outside[:, None] / rate > LARGEST)
        refuse(rate, wrong, f"decision_rate[{j}]", f"gives the plan a weight beyond {LARGEST:g}", "state a larger rate")
        found.append(weight)
    return tuple(found)


def _rules(rules: Any, levels: Sequence[int]) -> tuple[Rule, ...]:
    made = []
    for k, rule in enumerate(each(rules, None, "rules", "rule")):
        parts = each(rule, 3, f"rules[{k}]", "part: a plan, another plan, and which of their levels go together")
        first, second = (index(parts[side], len(levels), f"rules[{k}][{side}]") for side in (0, 1))
        allowed = table(parts[2], (levels[first], levels[second]), f"rules[{k}][2]")
        made.append(Rule(f"{k} of plans {first} and {second}", first, second, allowed))
    return tuple(made)


def figures_of(bare: Instance, amounts: Any, outside: Any, fixed: Any, mix: Any, constants: Any) -> dict[str, Figure]:
    """Every figure by name. Raises InputError."""
    named = _mapping(amounts, "amounts")
    if not named:
        raise bad_argument("amounts", "names no figure")
    for name in named:
        if not isinstance(name, str) or not name:
            raise bad_argument("amounts", f"{name!r} is not the name of a figure", "use words")
    given = {"outside": outside, "fixed": fixed, "mix": mix, "constants": constants}
    parts = {what: {} if entries is None else _mapping(entries, what) for what, entries in given.items()}
    for what, entries in parts.items():
        for name in entries:
            if name not in named:
                raise bad_argument(f"{what}[{name!r}]", "is not a figure of amounts", f"one of {', '.join(named)}")
    return {name: _figure(bare, name, named[name], {w: e.get(name) for w, e in parts.items()}) for name in named}


def _mapping(value: Any, name: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise bad_argument(name, f"is not a mapping from figures, but {type(value).__name__}")
    return value


def _figure(bare: Instance, name: str, amounts: Any, parts: Mapping[str, Any]) -> Figure:
    types, levels = bare.types, bare.levels

    def per_plan(value: Any, argument: str, shape: tuple[int, ...]) -> tuple[Array, ...]:
        entries = each(value, len(levels), argument)
        return tuple(
            finite(a, (*shape, n), f"{argument}[{j}]") for j, (a, n) in enumerate(zip(entries, levels, strict=True))
        )

    def one(what: str, size: int) -> Array:
        return np.zeros(size) if parts[what] is None else finite(parts[what], (size,), f"{what}[{name!r}]")

    due = parts["fixed"]
    return Figure(
        amounts=per_plan(amounts, f"amounts[{name!r}]", (types,)),
        outside=one("outside", types),
        fixed=tuple(np.zeros(n) for n in levels) if due is None else per_plan(due, f"fixed[{name!r}]", ()),
        mix=one("mix", bare.mixes),
        constant=0.0 if parts["constants"] is None else number(parts["constants"], f"constants[{name!r}]"),
        burst=np.zeros(0),
    )


def with_burst(instance: Instance, figures: dict[str, Figure], burst: Any) -> tuple[Instance, dict[str, Figure]]:
    """Blocks for the capacities, and their prices on the figures that pay. Raises InputError."""
    listed: list[Burst] = []
    for k, given in enumerate(each(burst, None, "burst", "capacity")):
        if not isinstance(given, Burst):
            raise bad_argument(f"burst[{k}]", f"is not a Burst, but {type(given).__name__}")
        listed.append(_checked(given, k, figures))
    blank = np.zeros(len(listed))
    blocks = tuple(Block(b.use, replace(figures[b.use], burst=blank), b.reserved, b.limit) for b in listed)
    charged = {
        name: replace(figure, burst=np.array([-b.price if b.charged_to == name else 0.0 for b in listed]))
        for name, figure in figures.items()
    }
    return replace(instance, blocks=blocks), charged


def _checked(given: Burst, k: int, figures: Mapping[str, Figure]) -> Burst:
    for field in ("use", "charged_to"):
        name = getattr(given, field)
        if not isinstance(name, str) or name not in figures:
            raise bad_argument(f"burst[{k}].{field}", f"no figure is named {name!r}", f"one of {', '.join(figures)}")
    return replace(
        given,
        reserved=number(given.reserved, f"burst[{k}].reserved", least=0.0),
        price=number(given.price, f"burst[{k}].price"),
        limit=number(given.limit, f"burst[{k}].limit", least=0.0, endless=True),
    )
