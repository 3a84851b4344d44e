"""``RobustProblem``: one menu for many draws of what is not known, from plain arrays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from optimizer.errors import InfeasibleError, NotTrustedError
from optimizer.execution.arguments import checked_gap, checked_seconds
from optimizer.execution.executor import Executor
from optimizer.optimise.outcome import reached, relative_gap
from optimizer.optimise.risks import Risk, checked_risk, checked_weights
from optimizer.search.engine import Clock, SearchStatus
from optimizer.typing import Array, Choice, Status, Verdict
from optimizer.uncertainty.asking import posed, question_of
from optimizer.uncertainty.own import OwnBest, recheck_own
from optimizer.uncertainty.question import Holds, RiskQuestion
from optimizer.uncertainty.recheck import recheck
from optimizer.uncertainty.search import Searched
from optimizer.uncertainty.solving import SolvedRisk, solve_regret, solve_risk
from optimizer.uncertainty.statements import RobustSolution, RobustWork
from optimizer.uncertainty.table import best_of_table
from optimizer.uncertainty.wide_question import WideQuestion


class RobustProblem:
    """Choose one level for every plan (and a mix level) that does best over many draws.

    Args:
        problems: a ``MenuProblem`` a draw. They share plans, levels, nests, rules, mixes, the names of figures and how
            many conditions there are; customers, attractions, amounts and bounds of conditions may differ.
        weights: (S,) how much each draw counts, > 0; equal where absent. They are scaled to a sum of 1.

    The conditions of the problems hold in every draw, burst limits too.

    Raises:
        InputError: names the argument and the place in it.
    """

    def __init__(self, problems: Sequence[Any], weights: ArrayLike | None = None) -> None:
        self.problems = posed(problems)
        self.weights = checked_weights(weights, len(self.problems))

    def solve(
        self,
        aim: str,
        risk: str = "mean",
        tail: float = 0.1,
        chance: Sequence[tuple[Any, float]] = (),
        on_mean: Sequence[Any] = (),
        gap: float = 1e-4,
        time_limit: float | None = None,
        executor: Executor | None = None,
    ) -> RobustSolution:
        """The menu with the most of a figure (``aim``) over the draws, proven within ``gap``.

        ``risk``: ``mean``; ``cvar``, the mean of the worst ``tail`` of the draws by weight; ``worst``; ``regret``, the
        largest loss against what each draw alone allows under its problem's own conditions: less is better.
        ``chance``: pairs of a condition and the share of the draws, by weight, in which it must hold at least.
        ``on_mean``: conditions on means over the draws; of a ratio, on the ratio of the means. What stands in either
        need not hold in every draw. ``executor``: where draws' own best menus are found, for regret.

        Raises:
            InputError; InfeasibleError where no menu meets the conditions; SolverError where time ran out without one.
        """
        began, clock = time.perf_counter(), _clock(time_limit)
        wanted, kind = checked_gap(gap), checked_risk(risk)
        question = self._question(aim, kind, tail, chance, on_mean)
        try:
            if kind is Risk.REGRET:
                found = solve_regret(question, wanted, clock, executor=executor)
            else:
                found = solve_risk(question, wanted, clock)
        except InfeasibleError as error:
            raise InfeasibleError(f"{error}: {_asked_for(question)}") from None
        return self._solution(question, kind, found, wanted, began)

    def enumerate(
        self,
        aim: str,
        risk: str = "mean",
        tail: float = 0.1,
        chance: Sequence[tuple[Any, float]] = (),
        on_mean: Sequence[Any] = (),
    ) -> RobustSolution:
        """The same by complete evaluation of every menu in every draw; for some 100,000 menus times draws."""
        began, kind = time.perf_counter(), checked_risk(risk)
        question = self._question(aim, kind, tail, chance, on_mean)
        asked = question.narrowed(question.whole()).question if isinstance(question, WideQuestion) else question
        best, own = best_of_table(asked, kind is Risk.REGRET)
        if best is None:
            raise InfeasibleError(f"no menu meets the conditions over the draws: {_asked_for(question)}")
        value = question.with_offsets(own).value(*best)
        assert value is not None
        value = max(0.0, -value) if kind is Risk.REGRET else value
        alone = tuple(OwnBest(None, v, v, {}) for v in own) if kind is Risk.REGRET else ()
        return self._solution(
            question, kind, SolvedRisk(best, value, value, SearchStatus.CLOSED, (), alone, {}), 0.0, began
        )

    def evaluate(self, menu: Sequence[int], mix: int = 0) -> dict[str, Array]:
        """Every figure (S,) in every draw at a menu, whatever the rules. Raises InputError for a level not there."""
        found = [problem.evaluate(menu, mix) for problem in self.problems]
        return {name: np.array([values[name] for values in found]) for name in found[0]}

    def recheck(
        self,
        solution: RobustSolution,
        aim: str,
        risk: str = "mean",
        tail: float = 0.1,
        chance: Sequence[tuple[Any, float]] = (),
        on_mean: Sequence[Any] = (),
    ) -> float:
        """The bound that a solution's certificate proves, in the terms of ``solution.bound``, without searching.

        Raises NotTrustedError where the certificate does not cover every menu, a step in it does not hold, or value or
        bound are not what it shows.
        """
        kind = checked_risk(risk)
        question = self._question(aim, kind, tail, chance, on_mean)
        return _rechecked(question, kind, solution, self._packed(solution))

    def question(
        self,
        aim: str,
        risk: str = "mean",
        tail: float = 0.1,
        chance: Sequence[tuple[Any, float]] = (),
        on_mean: Sequence[Any] = (),
    ) -> RiskQuestion | WideQuestion:
        """What ``solve`` searches, regret without the draws' own best values. Raises InputError."""
        return self._question(aim, checked_risk(risk), tail, chance, on_mean)

    def _question(self, aim: Any, risk: Risk, tail: Any, chance: Any, on_mean: Any) -> RiskQuestion | WideQuestion:
        return question_of(self.problems, self.weights, aim, risk, tail, chance, on_mean)

    def _packed(self, solution: RobustSolution) -> Choice:
        place = self.problems[0].composites.packed(solution.menu)
        if place is None:
            raise NotTrustedError("the menu breaks a rule within a nest")
        return place, solution.mix

    def _solution(
        self, question: RiskQuestion | WideQuestion, risk: Risk, found: SolvedRisk, wanted: float, began: float
    ) -> RobustSolution:
        menu = self.problems[0].composites.unpacked(found.choice[0])
        aim, limits = question.truth(*found.choice)
        sense = -1.0 if risk is Risk.REGRET else 1.0
        gap = relative_gap(sense * found.value, sense * found.bound, question.yardstick)
        closed = found.status is SearchStatus.CLOSED and reached(gap, wanted)
        figures = self.evaluate(menu, found.choice[1])
        chances = [requirement for requirement in question.requirements if requirement.holds is Holds.CHANCE]
        own = found.own
        return RobustSolution(
            menu=menu,
            mix=found.choice[1],
            value=found.value,
            bound=found.bound,
            gap=gap,
            verdict=Verdict.PROVED if closed else Verdict.BEST_FOUND,
            status=Status.OPTIMAL if closed else Status.FEASIBLE,
            seconds=time.perf_counter() - began,
            values=aim,
            means={name: float(question.weights @ values) for name, values in figures.items()},
            probabilities=tuple(question.probability(limits, requirement) for requirement in chances),
            best_values=np.array([best.value for best in own]) if own else None,
            best_bounds=np.array([best.bound for best in own]) if own else None,
            certificate=found.certificate,
            work=_work(found.searches),
        )


def _rechecked(question: RiskQuestion | WideQuestion, risk: Risk, solution: RobustSolution, choice: Choice) -> float:
    """See ``RobustProblem.recheck``."""
    certificate: Mapping[str, Any] = solution.certificate
    size = 1e-9 * float(question.sizes[:, 0].max())
    sense = -1.0 if risk is Risk.REGRET else 1.0
    shown = question
    if risk is Risk.REGRET:
        own = [OwnBest(**one) for one in certificate["own"]]
        for draw, best in enumerate(own):
            recheck_own(question, draw, best)
        question = question.with_offsets(np.array([best.value for best in own]))
        shown = question.with_offsets(np.array([best.bound for best in own]))
    value = shown.value(*choice)
    if value is None or value < sense * solution.value - size:
        raise NotTrustedError("the menu does not meet the conditions, or is not worth what is said")
    bound = sense * recheck(question, certificate)
    bound = max(0.0, bound) if risk is Risk.REGRET else bound
    if sense * bound > sense * solution.bound + size:
        raise NotTrustedError("the certificate does not show the bound that is told")
    return bound


def _work(searches: tuple[Searched, ...]) -> RobustWork:
    return RobustWork(*(sum(getattr(s, what) for s in searches) for what in ("boxes", "bounds", "enumerated")))


def _asked_for(question: RiskQuestion | WideQuestion) -> str:
    """The requirements in words."""
    words = {Holds.EVERY: "in every draw", Holds.MEAN: "on the mean"}
    told = dict.fromkeys(
        f"{d.name} {words.get(d.holds) or f'in {d.share:.4g} of the draws'}" for d in question.requirements
    )
    return "; ".join(told) or "the rules leave no menu"


def _clock(time_limit: Any) -> Clock:
    seconds = checked_seconds(time_limit)
    return Clock(None if seconds is None else time.monotonic() + seconds)
