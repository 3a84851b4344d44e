"""Assortments: many plans, each on or off. ``python benchmarks/assortments.py FOLDER [--limit S] [--untied]``.

FOLDER holds ``instances.json``, a list of {products, types, seed, best_published, u, price, v0, omega}: attraction
(types x products, row by row), the products' prices, the attraction of buying nothing, and the types' shares. This
project and HiGHS on the full program, the same time each, every cell in a process of its own. ``--untied`` multiplies
every attraction by a draw near 1, so that no two products attract alike; published values then do not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent.parent))
from benchmarks import book as b
from benchmarks.instances import Menu
from benchmarks.runner import Cell
from benchmarks.table import machine, percent, seconds, table

NOISE = 0.1
HEAD = ["instance", "value less published", "gap", "s", "cpu s", "HiGHS: gap", "s", "value against best"]


def menu_of(raw: dict[str, Any], untied: bool, draw: int | None = None) -> Menu:
    """An instance of the file as plans with two levels; ``draw``: other multipliers than those of the seed alone."""
    types, plans = raw["types"], raw["products"]
    own = np.array(raw["u"]).reshape(types, plans) / np.array(raw["v0"])[:, None]
    if untied:
        more = () if draw is None else (draw,)
        own = own * np.random.default_rng([raw["seed"], types, plans, *more]).lognormal(0.0, NOISE, own.shape)
    weight, amount = np.zeros((2, types, 2 * plans))
    weight[:, 1::2], amount[:, 1::2] = own, np.array(raw["price"])
    name = f"{plans} x {types} seed {raw['seed']}" + (" untied" if untied else "")
    return Menu(name, np.array(raw["omega"]), np.full(plans, 2), weight, {"margin": amount}, seed=raw["seed"])


def summary(name: str, cells: list[Cell], goal: float) -> str:
    """Median, worst and how many are closed."""
    gaps, times = np.array([c.gap for c in cells]), np.array([c.seconds for c in cells])
    closed = int((gaps <= goal).sum())
    return (
        f"{name}: gap median {percent(float(np.median(gaps)))}, worst {percent(float(gaps.max()))}; {closed} of "
        f"{len(cells)} closed to {percent(goal)}; s median "
        f"{seconds(float(np.median(times)))}, worst {seconds(float(times.max()))}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Assortments beside HiGHS on the full program.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=float, default=20.0, help="seconds a cell")
    parser.add_argument("--gap", type=float, default=1e-4, help="asked for")
    parser.add_argument("--goal", type=float, default=1e-2, help="counted as closed")
    parser.add_argument("--untied", action="store_true", help="no two products attract alike")
    parser.add_argument("--alone", action="store_true", help="without HiGHS")
    parser.add_argument("--most-types", type=int, default=10**9)
    options = parser.parse_args()
    book = b.Book("standard", options.limit)
    listed = json.loads((options.folder / "instances.json").read_text(encoding="utf-8"))
    rows, ours, highs = [], [], []
    for raw in listed:
        if raw["types"] > options.most_types:
            continue
        sent = menu_of(raw, options.untied)
        ours.append(book.menu(b.OURS, sent, options.gap))
        highs.append(ours[-1] if options.alone else book.menu(b.HIGHS, sent, options.gap))
        one, other = ours[-1], highs[-1]
        beyond = "-" if options.untied else f"{one.value - raw['best_published']:.1e}"
        cpu = (one.extra or {}).get("cpu", float("nan"))
        rows.append(
            [sent.name, beyond, percent(one.gap), seconds(one.seconds), seconds(cpu), percent(other.gap),
             seconds(other.seconds), percent(max(0.0, -book.relative(one)))]
        )  # fmt: skip
    print(f"{machine()}. {options.limit:g} s a cell, gap asked for {options.gap:g}.\n")
    print(table(HEAD, rows))
    print("\n" + summary("this project", ours, options.goal))
    if not options.alone:
        print(summary("HiGHS", highs, options.goal))


if __name__ == "__main__":
    main()
