"""Truths drawn from what is believed, and what tables of them would show: for tests of intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.errors import InputError
from optimizer.learn.compared import DISCREPANCY, TableFigure
from optimizer.learn.fit import Fitted
from optimizer.learn.numbers import NumberVector, numbers_of
from optimizer.learn.posterior import posterior
from optimizer.learn.readings import Readings, readings
from optimizer.learn.simulator import Simulator
from optimizer.learn.stats import (
    AnswerCount,
    ArmCount,
    Exposure,
    Flow,
    PlanCount,
    RivalCount,
    Stats,
    SwitchCount,
    Taste,
)
from optimizer.learn.worlds import of, requests_wanted, spread_of_wishes
from optimizer.model.case_model import CaseModel
from optimizer.typing import Array

PEOPLE, TEAMS = "individuals", "teams"
FURTHEST = 2.0
"""Truths lie within so many deviations; others are drawn again, as are those without a market."""


def tables(visitors: int, tests: bool = True) -> Stats:
    """Statistics of the template's company; only who was asked and watched matters, the answers are drawn anew."""
    arms = {"control": "", "cheap": "plans.plus.price=9", "tight": "plans.free.allowances.large.day=6"}
    experiments = [ArmCount(arm, PEOPLE, visitors, "new", changes, plan, 50, 1.0)
                   for arm, changes in arms.items() for plan in ("free", "plus")]  # fmt: skip
    experiments += [ArmCount(arm, PEOPLE, visitors, "free", arms[arm], plan, 50, 1.0)
                    for arm in ("control", "tight") for plan in ("free", "plus")]  # fmt: skip
    paid = [PlanCount(s, plan, billing, 500, 500, 1.0, 0)
            for s, plan in ((PEOPLE, "plus"), (TEAMS, "team")) for billing in ("month", "year")]  # fmt: skip
    flows = [Flow(s, plan, "ended", to, 50) for s, plan, to in (
        (PEOPLE, "free", "plus"), (PEOPLE, "free", "none"), (PEOPLE, "plus", "free"), (PEOPLE, "plus", "none"),
        (TEAMS, "team", "none"))]  # fmt: skip
    seen = [Exposure(s, p, 9, n) for s, p, n in ((PEOPLE, "free", 24e3), (PEOPLE, "plus", 6e3), (TEAMS, "team", 3e3))]
    survey = [AnswerCount(what, "yes", PEOPLE, None, 0.1, n) for what, n in (("reached", 1500), ("referred", 800))]
    rivals = [RivalCount("big_free", PEOPLE, None, 0.4, 1500), RivalCount("big_plus", PEOPLE, None, 0.03, 1500)]
    second = [SwitchCount("plus", to, PEOPLE, None, 0.25, 300) for to in ("free", "big_plus", "nothing")]
    tastes = [Taste("mixed", "price_median", 0.2, 0.03), Taste("mixed", "price_sigma", 1.2, 0.1)]
    return Stats({}, plans=tuple(paid), flows=tuple(flows), exposure=tuple(seen), survey=tuple(survey),
                 experiments=tuple(experiments) if tests else (), rivals=tuple(rivals), switching=tuple(second),
                 tastes=tuple(tastes))  # fmt: skip


def usage_figures(customers: dict[str, int]) -> tuple[TableFigure, ...]:
    """Wishes of each plan's customers, as a log would tell them."""
    plans = {"free": PEOPLE, "plus": PEOPLE, "team": TEAMS}
    return tuple(
        TableFigure("usage", f"{name} on {plan}", "1", "log", 1.0, 1.5 / n**0.5, 0.0, of(figure, plans[plan], plan))
        for plan, n in customers.items()
        for name, figure in (("requests", requests_wanted), ("sigma", spread_of_wishes))
    )


@dataclass(frozen=True)
class Study:
    """What truths are drawn of, and which figures are seen."""

    m: CaseModel
    numbers: NumberVector
    figures: tuple[TableFigure, ...]

    @property
    def simulator(self) -> Simulator:
        return Simulator(self.m, self.numbers, self.figures, DISCREPANCY)


def study(m: CaseModel, paths: tuple[str, ...], visitors: int = 8000, tests: bool = True) -> Study:
    """Of some numbers of the template; all others are known."""
    numbers = numbers_of(m.inputs.market)
    figures = readings(tables(visitors, tests), m.inputs, m.today.prepared).figures
    own = numbers.only([numbers.place[path] for path in paths])
    return Study(m, own, figures + usage_figures({"free": 8000, "plus": 500, "team": 300}))


def drawn(asked: Study, seed: int) -> tuple[Array, tuple[TableFigure, ...]]:
    """A truth, z with its nuisances, and the figures as they were seen."""
    rng = np.random.default_rng([seed, 77])
    simulator = asked.simulator
    while True:
        z = np.clip(rng.standard_normal(simulator.size), -FURTHEST, FURTHEST)
        try:
            told = simulator.predicted(z)
            return z, tuple(_seen(f, p, rng) for f, p in zip(asked.figures, told, strict=True))
        except InputError:
            continue


def _seen(figure: TableFigure, truth: float, rng: np.random.Generator) -> TableFigure:
    """A figure as a table shows it: by chance, and by what the form of the market leaves out."""
    doubt = 0.0 if figure.direct else DISCREPANCY
    if figure.kind == "log":
        return replace(figure, observed=truth * float(np.exp(np.hypot(figure.spread, doubt) * rng.standard_normal())))
    expected = truth * float(np.exp(doubt * rng.standard_normal()))
    count = (
        rng.poisson(figure.n * expected) if figure.kind == "rate" else rng.binomial(int(figure.n), min(expected, 1.0))
    )
    return replace(figure, observed=float(count) / figure.n)


def refit(asked: Study, seen: tuple[TableFigure, ...]) -> Fitted:
    """The fit to what was seen."""
    simulator = Simulator(asked.m, asked.numbers, seen, DISCREPANCY)
    found = posterior(simulator.residuals, simulator.slopes, np.zeros(simulator.size))
    return Fitted(simulator, found, simulator.market_at(found.z), Readings(seen, {}, ()), asked.numbers.only([]))
