"""Random instances and an independent oracle in plain Python loops, for every test in this folder."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from optimizer.model.instance import Figure, Instance
from optimizer.search import Tuning


def _search_only(small: int) -> Tuning:
    """Small problems take the whole search: only so many menus may be enumerated, few bounds are taken per box.

    From 4 menus on, boxes are merged before they are cut, and the compiled loops take over after three bounds.
    """
    often = Tuning().bound_numbers
    return Tuning(
        whole_choices=0,
        box_menus=small,
        left_menus=small,
        root_rounds=min(10, 2 * small),
        rounds=min(4, 2 * small),
        merged_levels=500_000 if small >= 4 else 0,
        compiled_numbers=3 * often if small >= 4 else 10**9 * often,
    )


@pytest.fixture(scope="session")
def search_only() -> Callable[[int], Tuning]:
    return _search_only


def by_definition(
    instance: Instance, figures: list[Figure], menu: tuple[int, ...], mix: int
) -> tuple[list[float], list[float]]:
    """Figures and burst at a choice, number by number from the docstring of ``optimizer.model.instance``."""
    y, once = [], []
    for i in range(instance.types):
        total = 1.0
        for j, level in enumerate(menu):
            total += float(instance.denominators[j][i, level])
        y.append(float(instance.customers[mix, i]) / total)
        once.append(1.0 + sum(float(odds[i, level]) for odds, level in zip(instance.odds, menu, strict=False)))

    def linear(f: Figure) -> float:
        value = f.constant + float(f.mix[mix])
        for j, level in enumerate(menu):
            value += float(f.fixed[j][level])
        for i in range(instance.types):
            value += float(f.outside[i]) * y[i]
            for j, level in enumerate(menu):
                amount = float(f.amounts[j][i, level])
                if f.again:
                    amount += float(f.again[j][i, level]) / once[i]
                value += amount * float(instance.attraction[j][i, level]) * y[i]
        return value

    over = [max(0.0, linear(b.use) - b.reserved) for b in instance.blocks]
    return [linear(f) + sum(float(f.burst[h]) * o for h, o in enumerate(over)) for f in figures], over


def feasible_choices(drawn: Any) -> Iterator[tuple[float, tuple[int, ...], int]]:
    """Aim, menu and mix of every choice that keeps all conditions."""
    instance = drawn.instance
    figures = [drawn.aim, *(limit.figure for limit in drawn.limits)]
    for mix in range(instance.mixes):
        for menu in itertools.product(*(range(n) for n in instance.levels)):
            if not all(r.allowed[menu[r.first], menu[r.second]] for r in instance.rules):
                continue
            values, over = by_definition(instance, figures, menu, mix)
            rooms = [b.limit + 1e-9 * (b.reserved + b.limit) for b in instance.blocks]
            if min(values[1:], default=0.0) >= 0.0 and all(o <= r for o, r in zip(over, rooms, strict=True)):
                yield values[0], menu, mix


@pytest.fixture(scope="session")
def oracle() -> Callable[[Any], float | None]:
    """The best aim by complete enumeration, or None where no choice keeps all conditions."""
    return lambda drawn: max((value for value, _, _ in feasible_choices(drawn)), default=None)


@pytest.fixture(scope="session")
def choices() -> Callable[[Any], list[tuple[float, tuple[int, ...], int]]]:
    return lambda drawn: list(feasible_choices(drawn))


@pytest.fixture(scope="session")
def definition() -> Callable[..., tuple[list[float], list[float]]]:
    return by_definition


KINDS = ("", "r", "c", "f", "rc", "rf", "b", "g", "bg", "ffr", "cfb")


@pytest.fixture(scope="session")
def assorted(instances: ModuleType) -> Callable[[int], Any]:
    """The seed-th of a long row of small problems of every kind."""

    def draw(seed: int) -> Any:
        kind = KINDS[seed % len(KINDS)]
        blocks = (seed // 11) % 3
        if {"b", "g"} & set(kind):
            blocks = max(1, blocks)
        return instances.draw(
            seed, types=1 + seed % 5, plans=1 + seed % 4, levels=5, mixes=1 + seed % 2, blocks=blocks,
            rules=(seed // 2) % 3, limits=kind, spread=(1.0, 3.0, 8.0)[seed % 3],
        )  # fmt: skip

    return draw
