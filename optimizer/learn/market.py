"""A market learned from a company's tables, from the tables to typed results."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from optimizer.answer.menu import menu_document
from optimizer.answer.solving import solve_stages
from optimizer.errors import InfeasibleError, InputError, NotTrustedError, SolverError, bad_argument
from optimizer.inputs.load import load_inputs
from optimizer.inputs.moved import quantity_at
from optimizer.learn.compared import DISCREPANCY
from optimizer.learn.engine import Tell, silent, step
from optimizer.learn.fit import Fitted, fit
from optimizer.learn.folder import check_out, write_learned
from optimizer.learn.identified import SPOKEN_OF, answers_of, figures_of, next_tests, numbers_learned, responses_of
from optimizer.learn.posterior import refitted
from optimizer.learn.results import LearnedMarket, MenuChoice
from optimizer.learn.stats import ABOUT, Stats, read_stats
from optimizer.market.credibility import measured
from optimizer.model.case_model import CaseModel, case_model_of, vary
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Case
from optimizer.typing import Array
from optimizer.uncertainty.drawing import MarketDraws, overloaded
from optimizer.uncertainty.sampling import sample

WORLDS = 5
"""Draws in which the case is solved, to see how far the menu moves."""
SOLVE_SECONDS = 60.0
"""For each of them."""
TRIES = 40
"""Points tried for a draw before the market is said to have none."""


@dataclass(frozen=True)
class FitOptions:
    """How a market is learned."""

    draws: int = 0
    """For the study over draws."""
    seed: int = 1
    sampled: float = 1.0
    """Share of the company's customers whom the tables hold."""
    discrepancy: float = DISCREPANCY
    """What the market's form may be off, relative."""
    without: tuple[str, ...] = ()
    """Tables left out: accounts (what the market states of them with a source), price test, cap test..."""
    worlds: int = WORLDS
    """Draws in which the case is solved; 0: the case is not solved at all."""
    out: Path | None = None
    """Folder to write: a case and its market, as ``optimizer copy`` makes it."""


def learn_market(
    tables: Stats | str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    case: str | os.PathLike[str] | Case,
    options: FitOptions | None = None,
    tell: Tell = silent,
) -> LearnedMarket:
    """The market of a case, learned from tables.

    Args:
        tables: tables as files or folders; or the folder that ``learn reduce`` made of them, or what it returns.
        case: whose market says what is believed so far: shipped name, path, or a Case.
        options: draws, folder to write, and so on.
        tell: takes lines of progress.

    Raises:
        InputError: tables or case cannot be used; the tables' counts cannot be had in the market.
    """
    options = options or FitOptions()
    _check(options)
    if options.out is not None:
        check_out(case, options.out)
    stats = _stats(tables, tell)
    m = case_model_of(load_inputs(case), strict=False, believe=False)
    fitted = fit(m, stats, options.sampled, options.discrepancy, options.without, tell)
    with step(tell, "what each table identified"):
        learned = _told(fitted, m, options)
    drawn = max(options.draws, options.worlds)
    if drawn:
        with step(tell, f"{drawn} draws"):
            learned = replace(learned, draws=_draws(fitted, m, drawn, options.seed))
    if options.worlds:
        with step(tell, "the case solved in the learned market and in draws"):
            learned = replace(learned, menus=_menus(learned, options.worlds))
    learned = replace(learned, draws=_first(learned.draws, options.draws))
    if options.out is not None:
        learned = replace(learned, saved=write_learned(learned, m, case, options.out))
    return learned


def _check(options: FitOptions) -> None:
    for name, value, most in (("--draws", options.draws, 10_000), ("--worlds", options.worlds, 1000)):
        if not 0 <= value <= most:
            raise bad_argument(name, f"{value} is not between 0 and {most:,}", "give e.g. 100")
    if options.seed < 0:
        raise bad_argument("--seed", "a seed cannot be negative", "give 0 or more")
    for name in options.without:
        if name not in SPOKEN_OF:
            raise bad_argument("--without", f"{name!r} is no table that is fitted", f"any of {', '.join(SPOKEN_OF)}")
    if not 0.0 <= options.discrepancy <= 0.5:
        raise bad_argument("--discrepancy", f"{options.discrepancy:g} is not between 0 and 0.5", "give e.g. 0.03")


def _stats(tables: Stats | str | os.PathLike[str] | Sequence[str | os.PathLike[str]], tell: Tell) -> Stats:
    if isinstance(tables, Stats):
        return tables
    given = [tables] if isinstance(tables, str | os.PathLike) else list(tables)
    if len(given) == 1 and (Path(given[0]) / ABOUT).is_file():
        return read_stats(given[0])
    from optimizer.learn.reduce import reduce_tables

    return reduce_tables(given, tell=tell).stats


def _told(fitted: Fitted, m: CaseModel, options: FitOptions) -> LearnedMarket:
    answers = answers_of(fitted)
    missed = tuple(f"{row.check} of {row.of}" for row in measured(fitted.m.today) if not row.passed)
    return LearnedMarket(
        case=m.inputs.name, market=m.inputs.case.market, numbers=numbers_learned(fitted), figures=figures_of(fitted),
        known=fitted.readings.known, responses=responses_of(fitted, answers), next_tests=next_tests(fitted, answers),
        menus=(), draws=None, findings=fitted.readings.findings, missed=missed, steps=fitted.posterior.steps,
        sampled=options.sampled, case_model=fitted.m,
    )  # fmt: skip


def _draws(fitted: Fitted, m: CaseModel, count: int, seed: int) -> MarketDraws:
    """Draws of every uncertain number: of those that were learned by refitting, of the others as they are believed."""
    rng = np.random.default_rng(seed)
    others = sample(m.inputs.market, count, (seed, 0))
    rows, refused = [], 0
    for k, row in enumerate(others.values):
        points = chain([row], (sample(m.inputs.market, 1, (seed, k + 1, t)).values[0] for t in range(1, TRIES)))
        values, tries = _draw(fitted, others.paths, points, rng)
        rows.append(values)
        refused += tries
    numbers = fitted.numbers
    unheard = [path for path in others.paths if path not in numbers.place and path not in fitted.readings.known]
    paths = (*numbers.paths, *unheard)
    units = {p.path: p.unit for p in numbers.priors}
    units |= {path: quantity_at(m.inputs.market, path).unit for path in unheard}
    table = np.array([[values[path] for path in paths] for values in rows])
    why = {"no market has these numbers, or today's load does not fit": refused} if refused else {}
    return MarketDraws(
        m.inputs.case.market, "", seed, paths, tuple(units[p] for p in paths), table, np.ones(count), ((),) * count,
        count + refused, why,
    )  # fmt: skip


def _draw(
    fitted: Fitted, paths: Sequence[str], points: Iterable[Array], rng: np.random.Generator
) -> tuple[dict[str, float], int]:
    """One draw that has a market whose load of today fits into its GPUs, and how many had none. Raises InputError.

    ``points``: values by path of the numbers that were not learned, of which the first will do that has a market.
    """
    for tries, point in enumerate(points):
        z = refitted(fitted.posterior, fitted.simulator.residuals, rng)
        believed = dict(zip(paths, point.tolist(), strict=True))
        values = {path: x for path, x in believed.items() if path not in fitted.readings.known}
        values |= fitted.numbers.values(z[: len(fitted.numbers.priors)])
        try:
            varied = vary(fitted.m, values)
        except InputError:
            continue
        if not overloaded(varied.today) or overloaded(fitted.m.today):
            return values, tries
    raise bad_argument("--draws", "draws of numbers that were not learned have no market", "narrow their ranges")


def _first(draws: MarketDraws | None, count: int) -> MarketDraws | None:
    """The first draws; None for none."""
    if draws is None or not count:
        return None
    return replace(draws, values=draws.values[:count], weights=draws.weights[:count], missed=draws.missed[:count])


def _menus(learned: LearnedMarket, worlds: int) -> tuple[MenuChoice, ...]:
    """The menu recommended in the learned market, and in some draws."""
    draws, m = learned.draws, learned.case_model
    found = [_solved(m, "learned")]
    for k in range(min(worlds, 0 if draws is None else draws.count)):
        assert draws is not None
        found.append(_solved(vary(m, draws.at(k)), f"draw {k + 1}"))
    return tuple(choice for choice in found if choice is not None)


def _solved(m: CaseModel, world: str) -> MenuChoice | None:
    """The best menu of a case; None where there is none, or the time does not suffice."""
    try:
        settings = Settings(gap=1e-3, deadline=time.monotonic() + SOLVE_SECONDS, cross_check=False)
        stage = solve_stages(m, settings, diagnosed=False)[-1]
    except (InfeasibleError, SolverError, NotTrustedError):
        return None
    told = menu_document(stage.menu, m.inputs.market)
    return MenuChoice(world, told["menu"], float(told["mix"]["enterprise_share"]), stage.reported.value)
