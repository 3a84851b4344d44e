"""The experiment worth running next: tests of plans' terms, what each would decide, what it is worth and costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optimizer.answer.robustness import Experiment, Experiments, LeverMove, Range
from optimizer.studies.robust_menus import levers_of

if TYPE_CHECKING:
    from optimizer.economics.population import Terms
    from optimizer.model.case_model import CaseModel
    from optimizer.typing import Array
    from optimizer.uncertainty.case_draws import CaseOverDraws
    from optimizer.uncertainty.preposterior import Preposterior
    from optimizer.uncertainty.telling import Candidates

SIZES = (300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
"""Visitors in each arm that are tried."""
LONGEST = 3.0
"""Months in which both arms must have their visitors."""
HELD = 3.0
"""Months that visitors keep an arm's terms."""
YEAR = 12.0
"""Months that what is decided stands."""
FLAT = 0.9
"""Of the most that any size brings; the smallest size that reaches it is taken."""
PERMUTATIONS = 100
"""Unrelated tests from which the null level is taken."""
SEED = 13
"""Beside the draws' seed."""
Levels = Mapping[str, str]
"""Lever of a plan -> its level."""


@dataclass(frozen=True)
class Proposal:
    """A test that could be run: a lever at another level than today's."""

    plan: str
    lever: str
    today: str
    other: str
    terms: Terms
    """Of the second arm."""


@dataclass(frozen=True)
class ProposalSeen:
    """A proposal over the draws."""

    proposal: Proposal
    shares: Array
    """(S, 2, 2), see ``uncertainty.arms``."""
    lost: float
    """usd/month that a visitor of the second arm brings less than one of the first."""
    visitors: float
    """A month."""
    known: float
    """What its take-up is worth knowing."""


@dataclass(frozen=True)
class Choosing:
    """Menus and draws among which is chosen."""

    m: CaseModel
    asked: CaseOverDraws
    among: Candidates
    seed: int

    def chosen_by(self, signals: Array) -> Preposterior:
        """Menus chosen by results (S, R, K)."""
        from optimizer.uncertainty.preposterior import preposterior

        return preposterior(self.among.values, self.asked.problem.weights, signals)

    def tested(self, shares: Array, visitors: int) -> Preposterior:
        """Menus chosen by a test of so many visitors an arm; the same seed for every test and size."""
        import numpy as np

        from optimizer.uncertainty.preposterior import simulated

        return self.chosen_by(simulated(shares, visitors, np.random.default_rng([self.seed, SEED])))

    def known(self, shares: Array) -> float:
        """What take-up is worth knowing."""
        from optimizer.uncertainty.preposterior import known_exactly

        return self.chosen_by(known_exactly(shares)).value

    @property
    def money(self) -> bool:
        """Whether what is gained can be set against what a test costs."""
        from optimizer.uncertainty.case_draws import aim_of

        return aim_of(self.m).unit == "usd/month"

    def net(self, value: float, cost: float) -> float:
        """What a year of choosing by a result brings, less the cost where both are money."""
        return YEAR * value - (cost if self.money else 0.0)


def experiments(
    m: CaseModel, asked: CaseOverDraws, among: Candidates, seed: int, cancelled: Callable[[], bool]
) -> Experiments | None:
    """Every lever's best test at its best size, by what a year brings; None where nothing can be tested."""
    import numpy as np

    choosing = Choosing(m, asked, among, seed)
    measured = _measured(choosing, proposals(m), cancelled)
    if not measured:
        return None
    rng = np.random.default_rng([seed, SEED, 1])
    orders = [rng.permutation(len(asked.draws)) for _ in range(PERMUTATIONS)]
    null = np.array([[choosing.known(one.shares[order]) for one in measured] for order in orders])
    most = float(np.quantile(null.max(axis=1), 0.95))
    sized = sorted(
        ((one, _sized(choosing, one, most)) for one in measured),
        key=lambda pair: -choosing.net(pair[1].value, pair[1].cost),
    )
    best: dict[tuple[str, str], Experiment] = {}
    for _, experiment in sized:
        best.setdefault((experiment.plan, experiment.lever), experiment)
    first, told = sized[0]
    control = choosing.tested(first.shares[orders[0]], told.visitors).value
    return Experiments(tuple(best.values()), float(null.mean()), most, control, HELD)


def proposals(m: CaseModel) -> list[Proposal]:
    """Of every lever of a plan its lowest and its highest level, other things as today; launches at their prices."""
    found = []
    for plan, levels in zip(m.choices.plans, m.choices.levels, strict=True):
        before = m.calibrated.prepared.today_menu().get(plan)
        stated = _levers(m, plan, before)
        by_lever: dict[str, list[Proposal]] = defaultdict(list)
        for terms in levels:
            if terms is None:
                continue
            own = _levers(m, plan, terms)
            moved = [lever for lever in own if own[lever] != stated.get(lever)]
            if before is None:
                by_lever["price"].append(Proposal(plan, "price", stated["price"], own["price"], terms))
            elif len(moved) == 1:
                lever = moved[0]
                by_lever[lever].append(Proposal(plan, lever, stated.get(lever, "not included"), own[lever], terms))
        found += [end for own_ones in by_lever.values() for end in _ends(own_ones)]
    return found


def _ends(of_lever: Sequence[Proposal]) -> list[Proposal]:
    """The first and the last level of a lever; of those alike the first."""
    by_level: dict[str, Proposal] = {}
    for proposal in of_lever:
        by_level.setdefault(proposal.other, proposal)
    told = list(by_level.values())
    return told if len(told) < 2 else [told[0], told[-1]]


def _levers(m: CaseModel, plan: str, terms: Terms | None) -> Levels:
    from optimizer.answer.menu import menu_document
    from optimizer.model.choices import Menu

    document = menu_document(Menu({plan: terms}, 0.0), m.inputs.changed)
    return {lever: level for own, lever, level in levers_of(document) if own == plan}


def _measured(choosing: Choosing, proposed: Sequence[Proposal], cancelled: Callable[[], bool]) -> list[ProposalSeen]:
    """Proposals in every draw, those that somebody sees; empty where it was cancelled."""
    import numpy as np

    from optimizer.uncertainty.arms import arms_seen

    arms, seen = [(p.plan, p.terms) for p in proposed], []
    for draw in choosing.asked.draws if arms else ():
        if cancelled():
            return []
        seen.append(arms_seen(draw.m, arms))
    weights, found = choosing.asked.problem.weights, []
    for t, proposal in enumerate(proposed):
        shares = np.array([one.shares[t] for one in seen])
        earned = weights @ np.array([one.earned[t] for one in seen])
        visitors = float(weights @ np.array([one.visitors[t] for one in seen]))
        if LONGEST * visitors >= 2.0:
            known = choosing.known(shares)
            found.append(ProposalSeen(proposal, shares, float(earned[0] - earned[1]), visitors, known))
    return found


def _sized(choosing: Choosing, one: ProposalSeen, most: float) -> Experiment:
    """A test at the smallest size that reaches nearly what any size brings."""
    room = int(LONGEST * one.visitors / 2.0)
    sizes = [size for size in SIZES if size <= room] or [room]
    results = [choosing.tested(one.shares, size) for size in sizes]
    costs = [size * HELD * one.lost for size in sizes]
    nets = [choosing.net(result.value, cost) for result, cost in zip(results, costs, strict=True)]
    at = next(k for k, net in enumerate(nets) if net >= max(nets) - (1.0 - FLAT) * abs(max(nets)))
    changes, moves = _moves(choosing, results[at])
    p = one.proposal
    return Experiment(
        p.plan, p.lever, p.today, p.other, sizes[at], 2.0 * sizes[at] / one.visitors, results[at].value, one.known,
        results[at].value > most, costs[at], _ratio(choosing, one), changes, moves,
        tuple((size, result.value) for size, result in zip(sizes, results, strict=True)),
    )  # fmt: skip


def _ratio(choosing: Choosing, one: ProposalSeen) -> Range:
    """Take-up of the tested plan in the second arm over the first; its share where today's menu lacks the plan."""
    import numpy as np

    from optimizer.uncertainty.telling import spread

    own = one.shares[:, :, 0]
    ratio = own[:, 1] / np.where(own[:, 0] > 0.0, own[:, 0], 1.0)
    return Range(**vars(spread(ratio, choosing.asked.problem.weights)))


def _moves(choosing: Choosing, result: Preposterior) -> tuple[float, tuple[LeverMove, ...]]:
    """Probability that another menu is chosen, and of every move of a lever."""
    import numpy as np

    from optimizer.answer.menu import menu_document

    def levers(menu: int) -> dict[tuple[str, str], str]:
        document = menu_document(choosing.asked.draws[0].menu(*choosing.among.menus[menu]), choosing.m.inputs.changed)
        return {(plan, lever): level for plan, lever, level in levers_of(document)}

    before, weights = levers(result.without), choosing.asked.problem.weights
    rows = np.broadcast_to((weights / result.chosen.shape[1])[:, None], result.chosen.shape)
    changes, found = 0.0, defaultdict[tuple[str, str, str, str], float](float)
    for menu in np.unique(result.chosen):
        after, probability = levers(int(menu)), float(rows[result.chosen == menu].sum())
        changes += probability if int(menu) != result.without else 0.0
        for key in dict.fromkeys([*before, *after]):
            one, other = before.get(key, "none"), after.get(key, "none")
            if one != other:
                found[(*key, one, other)] += probability
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return changes, tuple(LeverMove(*move, probability) for move, probability in ranked)
