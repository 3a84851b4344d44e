"""The comparison of menus across scenarios as a typed result: values, regret, who can win and who cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from optimizer.answer.offers import Offers
from optimizer.answer.views import Viewed

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.answer.solution import Solution
    from optimizer.model.case_model import CaseModel
    from optimizer.model.choices import Level, Menu
    from optimizer.optimise.objectives import Objective


@dataclass(frozen=True)
class MenuInScenario:
    """A menu in a scenario."""

    value: float
    """The objective figure there."""
    feasible: bool
    """Whether the case's conditions are met there."""
    missed: tuple[str, ...]
    """Names of the conditions that are not."""
    regret: float
    """How much worse than the scenario's own best menu; nan where that scenario has none."""


def candidate_menus(case_models: Mapping[str, CaseModel], solutions: Mapping[str, Solution]) -> dict[str, Menu]:
    """The best menu of every scenario in the first one's terms, and today's where the case allows it."""
    from optimizer.model.choices import same_menu
    from optimizer.optimise.price_ranges import within_ranges

    first = next(iter(case_models.values()))
    menus = {f"best in {name}": first.carried(s.chosen, case_models[name]) for name, s in solutions.items()}
    here = first.today_menu
    allowed = first.choices.allows(here) or within_ranges(first, here)
    if allowed and not any(same_menu(here, menu) for menu in menus.values()):
        menus["today"] = here
    return menus


def menu_in_scenario(m: CaseModel, menu: Menu, objective: Objective, own: Solution | None) -> MenuInScenario:
    """A menu evaluated in a world, against the world's own answer."""
    from optimizer.answer.audit import check_bound

    evaluation = m.evaluate(menu)
    value = objective.value(evaluation)
    missed = [c.name for c in (check_bound(b, evaluation) for b in m.bounds) if not c.met]
    pools = m.prepared.pools
    for p, name in enumerate(pools.names):
        if pools.contracted[p] and (evaluation.burst[p] > pools.burst_limit[p] * (1.0 + 1e-9) + 1e-9).any():
            missed.append(f"compute of {name}")
    regret = float("nan") if own is None else max(0.0, objective.sense * (own.objective.value - value))
    return MenuInScenario(value, not missed, tuple(missed), regret)


@dataclass(frozen=True)
class CrossTable(Viewed):
    """Candidates, menus or paths of menus, in all scenarios: values, regret, who can win and who cannot."""

    case: str
    figure: str
    sense: int
    unit: str
    scenarios: tuple[str, ...]
    titles: Mapping[str, str]
    weights: Mapping[str, float]
    """Normalised to 1."""
    menus: tuple[str, ...]
    """Names of the candidates: ``best in <scenario>`` and, where the ladders hold it, ``today``."""
    cells: Mapping[tuple[str, str], MenuInScenario]
    """(candidate, scenario) -> cell."""
    infeasible: tuple[str, ...]
    """Scenarios in which nothing meets the conditions."""
    plans: Mapping[str, str]
    """Plan -> its title."""
    seconds: float
    thing: ClassVar[str] = "menu"
    """What a candidate is."""

    def same(self, one: str, other: str) -> bool:
        """Whether two candidates are one."""
        raise NotImplementedError

    def maximum_regret(self, menu: str) -> float:
        """Largest regret of a candidate over the scenarios."""
        return max(
            (self.cells[menu, s].regret for s in self.scenarios if s not in self.infeasible), default=float("nan")
        )

    def expected(self, menu: str) -> float:
        """Weighted mean of the objective over the scenarios."""
        return sum(self.weights[s] * self.cells[menu, s].value for s in self.scenarios)

    def misses(self, menu: str) -> dict[str, tuple[str, ...]]:
        """Scenario -> the conditions that a candidate misses there, where another one meets them all."""
        met = [s for s in self.scenarios if s not in self.infeasible]
        return {s: self.cells[menu, s].missed for s in met if not self.cells[menu, s].feasible}

    def table_document(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Candidate -> scenario -> its cell as plain data."""
        told = ("value", "regret", "feasible", "missed")
        return {
            m: {s: {key: getattr(self.cells[m, s], key) for key in told} for s in self.scenarios} for m in self.menus
        }

    @property
    def robust(self) -> tuple[str, ...]:
        """Candidates that meet the conditions in every scenario in which one does."""
        return tuple(m for m in self.menus if not self.misses(m))

    @property
    def candidates(self) -> tuple[str, ...]:
        """Those that can be recommended: the robust ones; all, where there are none."""
        return self.robust or self.menus

    @property
    def least_regret(self) -> str:
        """The candidate with the least maximum regret."""
        return min(self.candidates, key=self.maximum_regret)

    @property
    def best_expected(self) -> str:
        """The candidate with the best expected value."""
        return max(self.candidates, key=lambda m: self.sense * self.expected(m))

    def groups(self) -> list[tuple[str, str]]:
        """Distinct candidates: a label with the scenarios' numbers, and the name of the first of each group."""
        firsts = [m for k, m in enumerate(self.menus) if not any(self.same(m, other) for other in self.menus[:k])]
        return [(self.label(m), m) for m in firsts]

    def label(self, menu: str) -> str:
        """``Best in 1, 3``, or the candidate's own name."""
        numbers = [str(k) for k, s in enumerate(self.scenarios, start=1) if self._is_best(menu, s)]
        return f"Best in {', '.join(numbers)}" if numbers else menu.capitalize()

    def _is_best(self, menu: str, scenario: str) -> bool:
        return f"best in {scenario}" in self.menus and self.same(menu, f"best in {scenario}")

    def to_frame(self, what: str = "value") -> pd.DataFrame:
        """Candidates by scenarios: ``value``, ``regret`` or ``feasible``."""
        import pandas as pd

        rows = {m: {s: getattr(self.cells[m, s], what) for s in self.scenarios} for m in self.menus}
        return pd.DataFrame.from_dict(rows, orient="index")

    def frames(self) -> list[pd.DataFrame]:
        """The values."""
        return [self.to_frame()]


@dataclass(frozen=True)
class Comparison(CrossTable):
    """The full cross table of menus and scenarios."""

    terms: Mapping[str, Mapping[str, Level]]
    offers: Mapping[str, Offers]
    """The same as plain data."""
    shares: Mapping[str, float]
    """Enterprise share of the go-to-market budget, by menu."""
    solutions: Mapping[str, Solution] = field(repr=False)
    budgets: Mapping[str, float | None] = field(default_factory=dict)
    """Go-to-market budget, usd/month, by menu; None where its size is no choice."""

    def same(self, one: str, other: str) -> bool:
        """Whether two menus are one."""
        return self.menu(one) == self.menu(other)

    def menu(self, name: str) -> Menu:
        """A menu by its name."""
        from optimizer.model.choices import Menu

        return Menu(self.terms[name], self.shares[name], self.budgets.get(name))
