"""What claims are made of: families of instances, each with its seeds or its fixed members, and the gap asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DRAWS = 100
"""Draws of a market in a cell."""


@dataclass(frozen=True)
class Family:
    """Instances that are measured alike; ``function`` of ``spread_cells`` makes and solves one."""

    name: str
    title: str
    gap: float | None
    """Asked for; None: what each case asks for."""
    function: str
    params: Mapping[str, Any] = field(default_factory=dict)
    members: Mapping[str, Mapping[str, Any]] | None = None
    """Fixed instances by name, with their parameters; None: one instance a seed."""
    alone: bool = False
    """The search shares its work among threads: no other cell may run beside it."""
    slow: bool = False
    """Left out of quick runs."""

    @property
    def certified(self) -> bool:
        """Whether what is proven comes with a certificate: searches over continuous prices write none."""
        return self.function not in ("mixture", "parking")

    def instances(self, seeds: Sequence[int]) -> dict[str, dict[str, Any]]:
        """The parameters of every instance by its name; fixed members take the seeds in turn for what they draw."""
        if self.members is None:
            return {f"seed {seed}": {**self.params, "seed": seed} for seed in seeds}
        turns = {name: seeds[k % len(seeds)] for k, name in enumerate(self.members)}
        return {name: {**self.params, "seed": turns[name], **own} for name, own in self.members.items()}


def menus(tastes: str, shape: tuple[int, int, int], gap: float, **more: Any) -> Family:
    """Random menus, types x plans x levels, with a margin and a compute condition."""
    words = {"random": "very different tastes", "alike": "alike tastes"}[tastes]
    sizes = " x ".join(f"{size:,}" for size in shape)
    name = "-".join([tastes, *map(str, shape)])
    return Family(name, f"{words}, {sizes}", gap, "menu", {"tastes": tastes, "shape": shape}, **more)


def mixtures(gap: float, **more: Any) -> Family:
    """The published pricing instances, seeds 7 to 21."""
    from benchmarks.quoted import BEST_REVENUE

    members = {f"seed {seed}": {"seed": seed} for seed in BEST_REVENUE}
    return Family(f"mixture-{gap:g}", "published pricing family, its 15 instances", gap, "mixture", {}, members, **more)


def parking(people: int) -> Family:
    """Two prices, 1,000 draws of tastes for each person."""
    title = f"parking prices, {people} people x 1,000 draws"
    return Family(f"parking-{people}", title, 1e-3, "parking", {"people": people, "draws": 1000}, alone=True)


def cases() -> list[Family]:
    """Shipped cases with one menu and those with a path of menus over months, to the gaps that they ask for."""
    from optimizer import list_cases, load_case

    menu, path = dict[str, Any](), {"quarterly": {"case": str(HERE / "quarterly.yaml")}}
    for name in list_cases():
        case = load_case(name).case
        over_draws = any(c.share is not None or c.on is not None for c in case.conditions)
        if case.plans and not over_draws and not case.rivals:
            (menu if case.horizon is None else path)[name] = {"case": name}
    return [
        Family("cases", f"shipped cases with one menu, {len(menu)}", None, "case", {"months": False}, menu),
        Family("cases-months", f"cases over months, {len(path)}", None, "case", {"months": True}, path, slow=True),
    ]


def paths(quarters: int, habit: float = 1.0) -> Family:
    """Random paths of menus by the quarter, one level up or down between them."""
    words = f", plans held attract {habit:g} times as much" if habit != 1.0 else ""
    name = f"paths-{quarters}" + (f"-habit-{habit:g}" if habit != 1.0 else "")
    params = {"shape": (30, 5, 8, quarters), "habit": habit}
    return Family(name, f"paths over {quarters} quarters, 30 x 5 x 8{words}", 1e-4, "path", params, slow=True)


def draws(case: str, risk: str) -> Family:
    """One menu for 100 draws of a shipped market, drawn anew by seed."""
    words = {"mean": "the mean", "cvar": "CVaR", "worst": "the worst case", "regret": "regret"}[risk]
    params = {"case": case, "draws": DRAWS, "risk": risk}
    name = f"draws-{risk}-{case.partition('-')[0]}"
    return Family(name, f"{case} over {DRAWS} draws of its market, {words}", 1e-4, "draws", params, slow=True)


def assortments(folder: Path) -> list[Family]:
    """Public hard assortments as they are, and with every attraction multiplied by a draw near 1 (by seed)."""
    file = str((folder / "instances.json").resolve())
    listed = json.loads(Path(file).read_text(encoding="utf-8"))
    members = {
        f"{raw['products']} x {raw['types']} seed {raw['seed']}": {"file": file, "place": k}
        for k, raw in enumerate(listed)
    }
    tied, untied = {"untied": False}, {"untied": True}
    return [
        Family("assortments", f"hard assortments, {len(listed)}", 1e-4, "assortment", tied, members),
        Family(
            "assortments-untied", f"the same, no two products alike, {len(listed)}", 1e-3, "assortment", untied, members
        ),
    ]


def families(folder: Path | None = None) -> dict[str, Family]:
    """All of them by name; assortments where the folder of the public ones is given."""
    found = [
        menus("random", (30, 6, 40), 1e-4, alone=True),
        menus("random", (60, 8, 60), 1e-3, alone=True, slow=True),
        menus("random", (100, 10, 100), 1e-3, alone=True, slow=True),
        menus("random", (1000, 10, 100), 1e-2, alone=True, slow=True),
        menus("alike", (30, 6, 40), 1e-4),
        menus("alike", (100, 10, 100), 1e-3),
        menus("alike", (288, 7, 16), 1e-4),
        menus("alike", (2880, 7, 16), 1e-4, slow=True),
        menus("alike", (28800, 7, 16), 1e-4, alone=True, slow=True),
        mixtures(1e-2),
        mixtures(1e-3, slow=True),
        parking(10),
        parking(50),
        *cases(),
        paths(4),
        paths(4, 2.0),
        paths(8),
        *(draws("assistant-startup-margin", risk) for risk in ("mean", "cvar", "worst", "regret")),
        *(draws("openai-2025-robust", risk) for risk in ("mean", "regret")),
        *(assortments(folder) if folder is not None else []),
    ]
    return {family.name: family for family in found}
