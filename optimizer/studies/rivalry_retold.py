"""A saved answer of rivals made anew from its menus and proofs: what was searched for is not searched for again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from optimizer.errors import NotTrustedError
from optimizer.studies.rivalry import Rivalry, best_there, closed_of, told_of

if TYPE_CHECKING:
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.outcome import Settings
    from optimizer.rivals.game import Game, Profile
    from optimizer.rivals.path import PathMove
    from optimizer.typing import Choice

ROOM = 1e-9
"""Relative difference between a claimed and a proven bound that rounding explains."""


def retold(m: CaseModel, told: Mapping[str, Any], certificate: Mapping[str, Any]) -> Rivalry:
    """A saved result made anew from its case, its menus and what was claimed: bound, gap and status. No search.

    Every bound is proven again from the certificate. Raises NotTrustedError where one does not hold, where a rival
    leaves the answer, or where a menu misses a condition; KeyError, TypeError, ValueError where it is not well formed.
    """
    from optimizer.rivals.leading import Leading, Led, recheck
    from optimizer.rivals.of_case import game_of
    from optimizer.rivals.path import BestResponses
    from optimizer.search import SearchStatus

    game, worlds = game_of(m)
    sense, scale = worlds.objective.sense, worlds.objective.scale(m)
    settings = _settings(float(told["gap_asked"]), scale)
    choice, profile = _choice_of(game, certificate), _profile_of(game, certificate["profile"])
    if profile not in game.stable(game.margins(game.start, choice)):
        raise NotTrustedError("some rival gains by leaving the answer that is told")
    value = _worth_at(game, profile, choice)
    closed = closed_of(certificate["profiles"])
    proven, claimed = recheck(game, closed), sense * float(told["bound"])
    if claimed < max(proven, value) - ROOM * max(abs(claimed), scale):
        raise NotTrustedError(f"the certificate proves {sense * proven:.10g}, claimed is {sense * claimed:.10g}")
    kinds = {"optimal": SearchStatus.CLOSED, "feasible": SearchStatus.OPEN, "interrupted": SearchStatus.INTERRUPTED}
    work = told["work"]
    found = Leading(Led(choice, profile, value), claimed, kinds[told["status"]], closed, int(work["boxes"]),
                    int(work["solves"]))  # fmt: skip
    steps = tuple(_retold_step(game, one, settings, last=k == len(certificate["path"]) - 1)
                  for k, one in enumerate(certificate["path"]))  # fmt: skip
    _follows(steps)
    return told_of(game, worlds, settings, BestResponses(steps), found, time.perf_counter())


def _settings(gap: float, scale: float) -> Settings:
    from optimizer.optimise.outcome import Settings

    return Settings(gap=gap, scale=scale, cross_check=False)


def _choice_of(game: Game, told: Mapping[str, Any]) -> Choice:
    """Raises NotTrustedError for positions that are none of the case's."""
    levels, mix = tuple(int(k) for k in told["levels"]), int(told["mix"])
    counts = (*(w.shape[1] for w in game.start.instance.attraction), len(game.start.instance.customers))
    if len(levels) + 1 != len(counts) or not all(0 <= k < n for k, n in zip((*levels, mix), counts, strict=True)):
        raise NotTrustedError("a menu that is told is none of the case's")
    return levels, mix


def _profile_of(game: Game, told: Any) -> Profile:
    """Raises NotTrustedError for prices that are none of the rivals'."""
    profile = tuple(int(k) for k in told)
    if profile not in set(game.profiles()):
        raise NotTrustedError("prices that are told are on no ladder of the rivals")
    return profile


def _worth_at(game: Game, prices: Profile | None, choice: Choice) -> float:
    from optimizer.rivals.leading import worth
    from optimizer.rivals.path import question_at

    found = worth(question_at(game, prices), choice)
    if found is None:
        raise NotTrustedError("a menu that is told misses a condition or a rule")
    return found


def _retold_step(game: Game, told: Mapping[str, Any], settings: Settings, last: bool) -> PathMove:
    """A step of the path; only the last may be one that time was too short to prove."""
    from optimizer import search
    from optimizer.rivals.leading import worth
    from optimizer.rivals.path import question_at, step_at

    prices = None if told["prices"] is None else _profile_of(game, told["prices"])
    question, choice = question_at(game, prices), _choice_of(game, told)
    proof = dict(told["proof"])
    for levels, mix in proof["excluded"]:
        if worth(question, (tuple(levels), mix)) is not None:
            raise NotTrustedError("the proof of a step leaves out a menu that meets all conditions")
    step = replace(
        step_at(game, prices, choice, _worth_at(game, prices, choice)), proof=proof,
        bound=search.recheck(question.instance, question.aim, question.limits, proof),
    )  # fmt: skip
    if not last and not best_there(step, settings):
        raise NotTrustedError("a menu on the path of best responses is not proven to be the best there")
    return step


def _follows(steps: Sequence[PathMove]) -> None:
    """Raises NotTrustedError where a step does not begin at the rivals' answer to the one before."""
    wanted = [None, *(step.answer for step in steps[:-1])]
    if [step.prices for step in steps] != wanted[: len(steps)]:
        raise NotTrustedError("the path of best responses does not begin at today's prices, or leaves out an answer")
