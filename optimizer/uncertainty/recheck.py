"""Verify a certificate over draws without searching: every bound is computed anew, draw by draw, from the instances.

Nothing of the search's arrays, loops or programs is used; of the certificate only the cuts, references and multipliers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from optimizer.errors import NotTrustedError
from optimizer.model.instance import Rule, combine
from optimizer.search.levels.evaluation import row_values
from optimizer.search.levels.layout import EPS, Rows, lay_rows, stack
from optimizer.search.proof.bounds import separable_bounds
from optimizer.typing import Array, Bools, Ints
from optimizer.uncertainty.built import BuiltBox, BuiltDraws, Levels
from optimizer.uncertainty.certificate import unpacked
from optimizer.uncertainty.question import SHARE_TOLERANCE, Holds, Requirement, RiskQuestion
from optimizer.uncertainty.wide_question import WideQuestion

Mixes = tuple[int, ...]
CHUNK = 4096
"""Menus evaluated at once."""
MOST = 1e-9
"""Weights of draws may exceed their caps, or miss a sum of 1, by no more."""


def recheck(question: RiskQuestion | WideQuestion, certificate: Mapping[str, Any]) -> float:
    """A valid upper bound on the risk of every choice that meets the requirements; -inf where none does.

    Raises NotTrustedError where the certificate does not cover every menu, or where a removal does not hold.
    """
    try:
        return _DrawChecker(question, certificate).run()
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise NotTrustedError(f"the certificate is not well formed: {error!r}") from error


class _DrawChecker:
    def __init__(self, question: RiskQuestion | WideQuestion, certificate: Mapping[str, Any]) -> None:
        self.built, self.certificate = BuiltDraws(question), certificate
        self.question = self.built.question
        self.bound = -np.inf
        question = self.question
        self.on_mean = {k for d in question.requirements if d.holds is Holds.MEAN for k in d.limits}
        size = question.draws
        limits = sum(1 if k in self.on_mean else size for k in range(question.count))
        self.size = size + limits + size * self.built.blocks
        self._laid: dict[int, tuple[Array, Rows]] = {}
        self._laid_of: RiskQuestion | None = None
        self._of_all: dict[tuple[object, ...], list[list[Array]]] = {}

    def run(self) -> float:
        roots = {root["mix"]: root["node"] for root in self.certificate["roots"]}
        for mix in range(self.built.mixes):
            if mix not in roots:
                raise NotTrustedError(f"the certificate leaves out mix level {mix}")
            self._walk(roots[mix], tuple(np.arange(n) for n in self.built.levels), mix)
        return float(self.bound)

    def _walk(self, root: Mapping[str, Any], levels: Levels, mix: int) -> None:
        waiting = [(root, levels)]
        while waiting:
            node, box = waiting.pop()
            box = consistent(self.built.rules, box)
            for proof, drops in node.get("steps", ()):
                box = consistent(self.built.rules, self._drop(box, mix, proof, drops))
            ends = [key for key in ("bound", "split", "enumerate", "terms", "empty") if key in node]
            if len(ends) != 1:
                raise NotTrustedError(f"a part of the box has {len(ends)} endings instead of one")
            if not all(map(len, box)):
                continue
            if ends[0] == "split":
                plan, left = node["split"]
                inside = np.isin(box[plan], left)
                for key, part in (("left", box[plan][inside]), ("right", box[plan][~inside])):
                    waiting.append((node[key], (*box[:plan], part, *box[plan + 1 :])))
            elif ends[0] == "bound":
                tops = self._levels_bound(box, mix, node["bound"])
                self._settle(float(min(top.max() for top in tops)), node["bound"])
            elif ends[0] == "terms":
                question = self.question
                worth = question.sizes[:, 0] - question.offsets
                slack = 1e-9 * (question.sizes[:, 0] + np.abs(question.offsets))
                self.bound = max(self.bound, float(question.weights @ (worth + slack)))
            elif ends[0] == "enumerate":
                for menus in _menus(box):
                    self._evaluate(menus, mix)
            else:
                raise NotTrustedError("a part of the box is called empty, but the rules leave levels in it")

    def _drop(self, box: Levels, mix: int, proof: list[Any], drops: list[Any]) -> Levels:
        if not all(map(len, box)):
            return box
        levels, parts = self._levels_bound(box, mix, proof), list(box)
        for plan, gone in drops:
            removed = np.isin(box[plan], gone)
            if removed.any():
                self._settle(float(levels[plan][removed].max()), proof)
            parts[plan] = box[plan][~removed]
        return tuple(parts)

    def _settle(self, bound: float, proof: list[Any]) -> None:
        """Count a removed part: nothing where it is proven infeasible, else its bound."""
        if len(proof) == 3 and proof[2] == 1:
            self.bound = max(self.bound, bound)
        elif not bound < 0.0:
            raise NotTrustedError("a part of the box is called infeasible, and its bound does not show it")

    def _levels_bound(self, box: Levels, mix: int, proof: list[Any]) -> list[Array]:
        """Per plan, the bound over the part of the box with a level; of requirements alone, below 0 where unmet."""
        if len(proof) == 1:
            return self._unmet(box, mix, proof[0])
        if len(proof) != 3 or proof[2] not in (0, 1):
            raise NotTrustedError("a proof is not a reference, a multiplier and whether the aim counts")
        if tuple(map(len, box)) != self.built.levels:
            return self._weighted(box, (mix,), proof)[0]
        key = (tuple(proof[0]), proof[1], proof[2])  # over all levels, mix levels often share the proof
        if key not in self._of_all:
            self._of_all[key] = self._weighted(box, tuple(range(self.built.mixes)), proof)
        return self._of_all[key][mix]

    def _weighted(self, box: Levels, mixes: Mixes, proof: list[Any]) -> list[list[Array]]:
        """By mix level, the bound of the aim with limits, draws looked at one after the other."""
        question = self.question
        rows, prices = self._spread(unpacked(self.certificate["multipliers"][proof[1]], self.size))
        constant = self._weights_slack(rows[:, 0], bool(proof[2])) - float(rows[:, 0] @ question.offsets)
        constant += 4.0 * EPS * question.draws * float(rows[:, 0] @ np.abs(question.offsets))
        asked = [
            d for d in question.requirements if d.holds is Holds.CHANCE and rows[:, [1 + k for k in d.limits]].any()
        ]
        missed = np.zeros((len(mixes), len(asked), question.draws))
        dead = np.zeros(missed.shape, dtype=np.bool_)
        found: list[list[tuple[float, list[Array]]]] = [[] for _ in mixes]
        for s in range(question.draws):
            if not asked and not rows[s].any():
                continue
            built = self.built.draw(s, box, proof[0])
            if rows[s].any():
                for own, one in zip(found, self._draw_bound(built, s, mixes, rows[s], prices[s]), strict=True):
                    own.append(one)
            for at, requirement in enumerate(asked):
                for k in requirement.limits:
                    dead[:, at, s] |= [top < 0.0 for top, _ in self._limit(built, s, k, mixes, 1.0)]
                    if rows[s, 1 + k]:
                        below = np.array([top for top, _ in self._limit(built, s, k, mixes, -1.0)])
                        missed[:, at, s] += rows[s, 1 + k] * np.maximum(0.0, below)
        charges = [
            sum(_most_missed(question, d, missed[m, at], dead[m, at]) for at, d in enumerate(asked))
            for m in range(len(mixes))
        ]
        return [_summed(own, constant + more, box) for own, more in zip(found, charges, strict=True)]

    def _spread(self, y: Array) -> tuple[Array, Array]:
        """(S, 1 + K) weights of aim and limits, and (S, H) prices of capacity, at most what burst costs under them."""
        question, at = self.question, self.question.draws
        rows = np.empty((question.draws, 1 + question.count))
        rows[:, 0] = y[:at]
        for k in range(question.count):
            if k in self.on_mean:
                rows[:, 1 + k] = question.weights * y[at]
                at += 1
            else:
                rows[:, 1 + k] = y[at : at + question.draws]
                at += question.draws
        prices = y[at:].reshape(question.draws, -1)
        cost = np.array([own @ np.maximum(0.0, -np.array(self.built.burst(s))) for s, own in enumerate(rows)])
        return rows, np.minimum(prices, cost.reshape(prices.shape))

    def _weights_slack(self, weights: Array, aim: bool) -> float:
        """What weights that are not quite allowed can take from a bound. Raises NotTrustedError where they are off."""
        if not aim:
            if weights.any():
                raise NotTrustedError("a proof that leaves the aim out gives it weight")
            return 0.0
        off = abs(float(weights.sum()) - 1.0) + float(np.maximum(0.0, weights - self.question.caps).sum())
        if off > MOST:
            raise NotTrustedError("the weights of the draws are not among those that the risk allows")
        return 2.0 * (off + EPS) * float((self.question.sizes[:, 0] + np.abs(self.question.offsets)).max())

    def _draw_bound(
        self, built: BuiltBox, s: int, mixes: Mixes, weights: Array, prices: Array
    ) -> list[tuple[float, list[Array]]]:
        """Of one draw's figures, weighted, less the price of capacity; see ``separable_bound``."""
        instance, figures = built.instance, built.figures
        used = np.flatnonzero(weights)
        terms = [(float(weights[k]), figures[k]) for k in used]
        constant = 0.0
        for price, block in zip(prices, instance.blocks, strict=True):
            terms.append((-float(price), block.use))
            constant += float(price) * block.reserved
        gain = np.array([weights[k] * np.maximum(0.0, figures[k].burst) for k in used]).sum(axis=0)
        more = self._over(built, s, mixes) @ gain if np.any(gain) else np.zeros(len(mixes))
        size = float(weights @ self.question.sizes[s] + prices @ np.array(self.built.uses[s])) + abs(constant)
        size += float(more.max())
        if len(terms) == 1:
            (factor, figure), of = terms[0], float(self.question.sizes[s, used[0]])
            found = separable_bounds(instance, figure, built.box, mixes, built.reference, of)
            found = [(factor * total, [factor * part for part in levels]) for total, levels in found]
        else:
            found = separable_bounds(instance, combine(terms), built.box, mixes, built.reference, size)
        added = constant + more
        return [(t + x, [part + x for part in levels]) for (t, levels), x in zip(found, added.tolist(), strict=True)]

    def _over(self, built: BuiltBox, s: int, mixes: Mixes) -> Array:
        """(M, H) the most burst that the box can need."""
        instance = built.instance
        tops = [
            [top - block.reserved for top, _ in
             separable_bounds(instance, block.use, built.box, mixes, built.reference, use)]
            for block, use in zip(instance.blocks, self.built.uses[s], strict=True)
        ]  # fmt: skip
        return np.asarray(np.maximum(0.0, np.array(tops).reshape(len(instance.blocks), len(mixes)).T))

    def _limit(self, built: BuiltBox, s: int, k: int, mixes: Mixes, sign: float) -> list[tuple[float, list[Array]]]:
        """Of a limit (-1: of how far it is missed) in one draw, burst included."""
        figure, size = built.figures[1 + k], float(self.question.sizes[s, 1 + k])
        stated = figure if sign > 0.0 else combine([(sign, figure)])
        found = separable_bounds(built.instance, stated, built.box, mixes, built.reference, size)
        burst = np.maximum(0.0, sign * figure.burst)
        more = self._over(built, s, mixes) @ burst if burst.any() else np.zeros(len(mixes))
        return [(t + x, [part + x for part in levels]) for (t, levels), x in zip(found, more.tolist(), strict=True)]

    def _unmet(self, box: Levels, mix: int, reference: list[int]) -> list[Array]:
        """Per plan (levels,) -1 where no menu with the level meets some requirement, looked at alone; else 1."""
        question = self.question
        out = [np.ones(len(part)) for part in box]
        for requirement in question.requirements:
            draws = []
            for s in range(question.draws):
                built = self.built.draw(s, box, reference)
                draws.append([self._limit(built, s, k, (mix,), 1.0)[0] for k in requirement.limits])
            for j, part in enumerate(out):
                below = np.array([[levels[j] for _, levels in own] for own in draws])
                if requirement.holds is Holds.MEAN:
                    total = np.array([[total for total, _ in own] for own in draws])
                    rest = _mean_rest(question.weights, total, draws, j)
                    unmet = (rest[:, None] + np.einsum("s,skl->kl", question.weights, below) < 0.0).any(axis=0)
                else:
                    most = 1.0 - requirement.share + SHARE_TOLERANCE if requirement.holds is Holds.CHANCE else 0.0
                    unmet = question.weights @ (below < 0.0).any(axis=1) > most
                part[unmet] = -1.0
        return out

    def _evaluate(self, menus: Ints, mix: int) -> None:
        question, places = self.built.narrowed(menus)
        values = np.stack([self._values(question, s, places, mix) for s in range(question.draws)], axis=1)
        near = 64.0 * EPS * (max(i.types for i in question.instances) + 16)
        risk = np.where(question.missed(values[..., 1:], near) > 0.0, -np.inf, question.risk(values[..., 0]))
        while risk.max() > self.bound:
            at = int(np.argmax(risk))
            value = question.value(tuple(int(k) for k in places[at]), mix)
            self.bound = max(self.bound, -np.inf if value is None else value)
            risk[at] = -np.inf

    def _values(self, question: RiskQuestion, s: int, menus: Ints, mix: int) -> Array:
        """(B, 1 + K) aim and limits of one draw."""
        instance = question.instances[s]
        figures = [question.aims[s], *(limit.figure for limit in question.limits[s])]
        if question is not self._laid_of:
            self._laid, self._laid_of = {}, question
        if s not in self._laid:
            used = [*figures, *(block.use for block in instance.blocks)]
            orders = [np.arange(n, dtype=np.intp) for n in instance.levels]
            self._laid[s] = (stack(instance.denominators, orders), lay_rows(instance, used))
        weight, rows = self._laid[s]
        columns = menus + np.concatenate([[0], np.cumsum(instance.levels)[:-1]])
        linear = row_values(weight, rows, None, instance.customers, columns, np.full(len(menus), mix))
        count = 1 + self.question.count
        over = np.maximum(0.0, linear[:, count:] - np.array([block.reserved for block in instance.blocks]))
        burst = np.array([figure.burst for figure in figures]).reshape(count, -1)
        return np.asarray(linear[:, :count] + over @ burst.T)


def _summed(found: list[tuple[float, list[Array]]], constant: float, box: Levels) -> list[Array]:
    """Bounds of draws as one bound: totals add up, and so does how far each level lies below its draw's total."""
    total = constant + sum(own for own, _ in found)
    total += 8.0 * EPS * (len(found) + len(box)) * sum(abs(own) for own, _ in found)
    below = [np.zeros(len(part)) for part in box]
    for own, levels in found:
        below = [a + (b - own) for a, b in zip(below, levels, strict=True)]
    total += sum(float(part.max()) for part in below)
    return [total - float(part.max()) + part for part in below]


def _mean_rest(weights: Array, total: Array, draws: list[list[tuple[float, list[Array]]]], plan: int) -> Array:
    """(limits,) by how much a mean bound lies below the mean of the draws' bounds, as one level serves all of them."""
    rest = np.zeros(total.shape[1])
    for k in range(total.shape[1]):
        for j in range(len(draws[0][k][1])):
            if j != plan:
                levels = np.array([own[k][1][j] for own in draws]) - total[:, k][:, None]
                rest[k] += float((weights @ levels).max())
    return rest


def _most_missed(question: RiskQuestion, requirement: Requirement, missed: Array, dead: Bools) -> float:
    """Draws missed at every menu, and others that may be, filled in by what they add per weight; the last in part.

    -inf where more are missed than may be.
    """
    room = question.allowed(requirement) - float(question.weights[dead].sum())
    if room < -SHARE_TOLERANCE:
        return -np.inf
    total = float(missed[dead].sum())
    for s in sorted(range(len(missed)), key=lambda s: -missed[s] / question.weights[s]):
        if dead[s] or question.weights[s] > room_of(question, requirement, dead) or room <= 0.0:
            continue
        total += float(missed[s]) * min(1.0, room / question.weights[s])
        room -= question.weights[s]
    return total


def room_of(question: RiskQuestion, requirement: Requirement, dead: Bools) -> float:
    """Weight of draws that may still be missed beside those that miss a requirement at every menu."""
    return question.allowed(requirement) - float(question.weights[dead].sum())


def consistent(rules: tuple[Rule, ...], box: Levels) -> Levels:
    """The box without levels that have no allowed partner."""
    parts, before = list(box), -1
    while before != sum(map(len, parts)):
        before = sum(map(len, parts))
        for rule in rules:
            a, b = rule.first, rule.second
            if a == b:
                parts[a] = parts[a][rule.allowed[parts[a], parts[a]]]
                continue
            parts[a] = parts[a][rule.allowed[np.ix_(parts[a], parts[b])].any(axis=1)]
            parts[b] = parts[b][rule.allowed[np.ix_(parts[a], parts[b])].any(axis=0)]
    return tuple(parts)


def _menus(box: Levels) -> Iterator[Ints]:
    """All menus of a box, (chunk, J) at a time."""
    shape = tuple(map(len, box))
    count = int(np.prod(shape, dtype=object))
    for at in range(0, count, CHUNK):
        index = np.unravel_index(np.arange(at, min(at + CHUNK, count)), shape)
        yield np.stack([part[k] for part, k in zip(box, index, strict=True)], axis=1)
