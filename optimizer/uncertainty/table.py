"""Complete evaluation: every menu in every draw, by the instances' own figures; nothing of the search is used."""

from __future__ import annotations

import itertools

import numpy as np

from optimizer.errors import InfeasibleError
from optimizer.model.instance import follows_rules
from optimizer.search import evaluate_many
from optimizer.typing import Array, Bools, Choice, Ints
from optimizer.uncertainty.question import Holds, RiskQuestion, numbered


def best_of_table(question: RiskQuestion, regret: bool) -> tuple[Choice | None, Array]:
    """The best choice that meets the requirements (None: there is none), and (S,) every draw's own best for ``regret``.

    Raises InfeasibleError where nothing meets one draw's own conditions.
    """
    first = question.instances[0]
    menus = [m for m in itertools.product(*(range(n) for n in first.levels)) if follows_rules(first, m)]
    choices: list[Choice] = [(menu, mix) for mix in range(first.mixes) for menu in menus]
    if not choices:
        return None, np.zeros(question.draws)
    values = np.stack([_values(question, s, choices) for s in range(question.draws)], axis=1)
    aims, limits = values[..., 0], values[..., 1:]
    own = np.zeros(question.draws)
    if regret:
        every = [
            k for requirement in question.requirements if requirement.holds is Holds.EVERY for k in requirement.limits
        ]
        alone = np.where((limits[..., every] >= 0.0).all(axis=-1), aims, -np.inf)
        own = alone.max(axis=0)
        if not np.isfinite(own).all():
            raise InfeasibleError(f"no menu meets the conditions in draw {int(np.argmin(own))}")
    risk = _by_hand(np.sort(aims - own, axis=1), np.argsort(aims - own, axis=1, kind="stable"), question.caps)
    risk = np.where(_met(question, limits), risk, -np.inf)
    best = int(np.argmax(risk))
    return (choices[best] if risk[best] > -np.inf else None), own


def _values(question: RiskQuestion, s: int, choices: list[Choice]) -> Array:
    figures = dict(numbered(question.aims[s], question.limits[s]))
    found = evaluate_many(question.instances[s], figures, [m for m, _ in choices], np.array([x for _, x in choices]))
    return np.stack(list(found.values()), axis=1)


def _by_hand(worst_first: Array, order: Ints, caps: Array) -> Array:
    """(B,) the worst draws get all the weight they may, until 1 is given away."""
    total, left = np.zeros(len(order)), np.ones(len(order))
    for k in range(order.shape[1]):
        given = np.minimum(caps[order[:, k]], left)
        total += given * worst_first[:, k]
        left -= given
    return total


def _met(question: RiskQuestion, limits: Array) -> Bools:
    """(B,) whether the requirements are met at limits (B, S, K)."""
    met = np.ones(len(limits), dtype=np.bool_)
    for requirement in question.requirements:
        own = limits[..., list(requirement.limits)]
        if requirement.holds is Holds.MEAN:
            met &= (np.einsum("s,bsk->bk", question.weights, own) >= 0.0).all(axis=1)
        else:
            share = (own >= 0.0).all(axis=2) @ question.weights
            met &= share >= requirement.share - 1e-9
    return np.asarray(met)
