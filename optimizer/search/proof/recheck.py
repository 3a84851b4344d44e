"""Verify a certificate without searching: every bound in it is computed anew, from the instance as it came.

Nothing of the search's layout or bounds is used; of the certificate only the cuts, references and multipliers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from optimizer.errors import NotTrustedError
from optimizer.model.instance import Figure, Instance, Limit, combine
from optimizer.model.measures import magnitude
from optimizer.search.levels.chords import chord_between
from optimizer.search.levels.evaluation import Truth, problem_values, violation, with_burst
from optimizer.search.levels.layout import EPS, Box, Layout, checked_box, prepare
from optimizer.search.proof.bounds import Levels, bound_by_pairs, separable_bound
from optimizer.search.proof.sizes import beyond, confined, cut_spans, without_unfit
from optimizer.search.proof.statement import above, low_and_high, may_exchange, merged_instance, with_numerators
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Array, Ints, LevelIndices

ENDINGS = ("bound", "told", "split", "share", "merge", "alike", "restated", "sift", "enumerate", "terms", "empty")


def recheck(
    instance: Instance, aim: Figure, limits: Sequence[Limit], certificate: Mapping[str, Any], box: Box | None = None,
    *, tuning: Tuning = DEFAULT,
) -> float:  # fmt: skip
    """A valid upper bound on every choice of the box (None: the whole instance) that keeps all conditions.

    -inf where none does. Choices the certificate lists as excluded are not counted. Raises NotTrustedError where the
    certificate does not cover the box or where a removal as infeasible does not hold.
    """
    wanted = checked_box(instance, box)
    try:
        excluded = frozenset((tuple(menu), mix) for menu, mix in certificate["excluded"])
        truth = Truth(instance, aim, tuple(limits), excluded).value
        instance, figures = with_numerators(instance, [aim, *(limit.figure for limit in limits)])
        counted = tuple(Limit(limit.name, figure) for limit, figure in zip(limits, figures[1:], strict=True))
        return _Checker(instance, figures[0], counted, certificate, truth, tuning).run(wanted)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise NotTrustedError(f"the certificate is not well formed: {error!r}") from error


class _Checker:
    """The instance, the certificate and the bound so far."""

    def __init__(
        self, instance: Instance, aim: Figure, limits: tuple[Limit, ...], certificate: Mapping[str, Any],
        truth: Callable[[LevelIndices, int], float | None], tuning: Tuning, magnitude: Array | None = None,
    ):  # fmt: skip
        self.instance = instance
        self.figures = [aim, *(limit.figure for limit in limits)]
        self.certificate = certificate
        self.truth = truth
        self.tuning = tuning
        self.layout: Layout = prepare(instance, aim, limits)
        self.magnitude = self.layout.magnitude if magnitude is None else magnitude
        self.bound = -np.inf
        self.gains = bool(instance.blocks) and any(bool(np.any(f.burst > 0.0)) for f in self.figures)
        self.twofold = any(bool(f.again) for f in self.figures)
        self._stated, self._known = self.figures, dict[int, Figure]()
        self._spans: Array | None = None
        self._ceiling = np.inf

    def run(self, wanted: Box) -> float:
        levels = tuple(np.array(part, dtype=np.intp) for part in self.certificate["box"])
        for j, (part, needed) in enumerate(zip(levels, wanted.levels, strict=True)):
            if not np.isin(needed, part).all():
                raise NotTrustedError(f"the certificate leaves out levels of plan {j}")
        if all(len(part) for part in wanted.levels):
            roots = {root["mix"]: root["node"] for root in self.certificate["roots"]}
            needed_mixes = range(self.instance.mixes) if wanted.mix is None else [wanted.mix]
            for mix in needed_mixes:
                if mix not in roots:
                    raise NotTrustedError(f"the certificate leaves out mix level {mix}")
                self._walk(roots[mix], levels, mix)
        return float(self.bound)

    def _walk(
        self, root: Mapping[str, Any], levels: Levels, mix: int, spans: Array | None = None, ceiling: float = np.inf
    ) -> None:
        """Check a part; ``spans``: (2, I) least and largest sizes, 1 + the weights of all plans, of its menus;
        ``ceiling``: what is shown of it already."""
        waiting = [(root, levels, levels, spans, ceiling)]
        while waiting:
            node, box, over, self._spans, self._ceiling = waiting.pop()
            self._state(over)
            box = self._left(node.get("steps", ()), box, mix)
            ends = [key for key in ENDINGS if key in node]
            if len(ends) != 1:
                raise NotTrustedError(f"a part of the box has {len(ends)} endings instead of one")
            crossed = self._spans is not None and bool((self._spans[0] > self._spans[1]).any())
            if crossed or not all(len(part) for part in box):
                continue
            alone = self._over(node, box, mix)
            if ends[0] == "split":
                plan, left = node["split"]
                inside = np.isin(box[plan], left)
                for key, kept in (("left", inside), ("right", ~inside)):
                    part, most = box[plan][kept], self._ceiling
                    if alone is not None and kept.any():
                        most = min(most, float(alone[plan][kept].max()))
                    waiting.append((node[key], (*box[:plan], part, *box[plan + 1 :]), over, self._spans, most))
            elif ends[0] == "share":
                halves = cut_spans(self._spans, self.instance.types, *node["share"])
                for key, half in zip(("left", "right"), halves, strict=True):
                    waiting.append((node[key], box, over, half, self._ceiling))
            elif ends[0] == "restated":
                waiting.append((node["restated"], box, box, self._spans, self._ceiling))
            elif ends[0] in ("merge", "alike"):
                groups = [tuple(group) for group in node[ends[0]]]
                part, inside_of = self._merged(box, groups) if ends[0] == "merge" else self._alike(box, groups)
                part._walk(node["merged"], inside_of, mix, self._spans, self._ceiling)
                self.bound = max(self.bound, part.bound)
            else:
                self._end(ends[0], node, box, mix)

    def _left(self, steps: Iterable[Any], box: Levels, mix: int) -> Levels:
        """The box after steps that drop levels or confine sizes."""
        for proof, drops, *sizes in steps:
            box = self._consistent(box)
            if sizes:
                self._confine(box, mix, proof, sizes[0])
            elif proof is not None:
                box = self._drop(box, mix, proof, drops)
            elif all(len(part) for part in box):
                box = without_unfit(self.instance, box, self._spans, drops)
        return self._consistent(box)

    def _over(self, node: Mapping[str, Any], box: Levels, mix: int) -> list[Array] | None:
        """Lower the ceiling by a bound of all that is left, where there is one; returns that of every level."""
        if "over" not in node:
            return None
        weight = float(self.certificate["multipliers"][node["over"][1]][0][0])
        if not weight > 0.0:
            raise NotTrustedError("a bound that leaves out the aim is called one of it")
        total, alone, _ = self._levels_bound(box, mix, node["over"])
        self._ceiling = min(self._ceiling, total / weight)
        return [part / weight for part in alone]

    def _end(self, ending: str, node: Mapping[str, Any], box: Levels, mix: int) -> None:
        """A part that is not divided further."""
        if ending == "bound":
            self._settle(self._levels_bound(box, mix, node["bound"])[0], node["bound"][1])
        elif ending == "told":
            self.bound = max(self.bound, self._ceiling)
        elif ending == "terms":
            self.bound = max(self.bound, magnitude(self.instance, self.figures[0]))
        elif ending == "sift":
            self._sift(box, mix, node["sift"])
        elif ending == "enumerate":
            self._enumerate(_menus(box, max(1, self.tuning.chunk_numbers // self.instance.types)), mix)
        else:
            raise NotTrustedError("a part of the box is called empty, but the rules leave levels in it")

    def _state(self, over: Levels) -> None:
        """Take figures that none of the problem's exceeds at any choice of a box."""
        if self.twofold and all(len(part) for part in over):
            self._stated, self._known = above(self.instance, self.figures, over), {}

    def _merged(self, box: Levels, groups: list[tuple[int, ...]]) -> tuple[_Checker, Levels]:
        """A checker of the box with every group of plans taken as one plan, and the levels of its box."""
        if sorted(j for group in groups for j in group) != list(range(self.instance.plans)):
            raise NotTrustedError("the groups of merged plans are not a partition of the plans")
        counts = [[len(box[j]) for j in group] for group in groups]
        if max(int(np.prod(c, dtype=object)) for c in counts) > self.tuning.recheck_menus:
            raise NotTrustedError("merged plans have too many levels to check")
        grids = [np.indices(tuple(c)).reshape(len(c), -1) for c in counts]
        picks = [{j: box[j][grid[k]] for k, j in enumerate(group)} for group, grid in zip(groups, grids, strict=True)]
        return self._of(picks)

    def _alike(self, box: Levels, groups: list[tuple[int, ...]]) -> tuple[_Checker, Levels]:
        """A checker of the box in which of every group of plans that attract alike the first ones are switched on."""
        if sorted(j for group in groups for j in group) != list(range(self.instance.plans)):
            raise NotTrustedError("the groups of plans that attract alike are not a partition of the plans")
        excluded = self.certificate["excluded"]
        if excluded or not all(may_exchange(self.instance, self.figures, box, group) for group in groups):
            raise NotTrustedError("plans are called alike whose exchange may lose something")
        picks = []
        for group in groups:
            if len(group) == 1:
                picks.append({group[0]: box[group[0]]})
            else:
                ends = {j: low_and_high(self.instance, j, box[j]) for j in group}
                on = np.arange(len(group) + 1)
                picks.append({j: np.where(on > k, ends[j][1], ends[j][0]) for k, j in enumerate(group)})
        return self._of(picks)

    def _of(self, picks: list[dict[int, Ints]]) -> tuple[_Checker, Levels]:
        """A checker of the problem with plans taken together, and the levels that the rules inside them allow."""
        instance, figures = merged_instance(self.instance, self.figures, picks)
        limits = tuple(Limit("merged", figure) for figure in figures[1:])

        def truth(menu: LevelIndices, mix: int) -> float | None:
            inner = {j: int(levels[k]) for pick, k in zip(picks, menu, strict=True) for j, levels in pick.items()}
            return self.truth(tuple(inner[j] for j in range(len(inner))), mix)

        part = _Checker(instance, figures[0], limits, self.certificate, truth, self.tuning, self.magnitude)
        keep = [np.ones(len(next(iter(pick.values()))), dtype=np.bool_) for pick in picks]
        for rule in self.instance.rules:
            for g, pick in enumerate(picks):
                if rule.first in pick and rule.second in pick:
                    keep[g] &= rule.allowed[pick[rule.first], pick[rule.second]]
        return part, tuple(np.flatnonzero(kept) for kept in keep)

    def _drop(self, box: Levels, mix: int, proof: list[Any], drops: list[Any]) -> Levels:
        per_level = self._levels_bound(box, mix, proof)[1]
        if not all(len(part) for part in box):
            return box
        parts = list(box)
        for plan, gone in drops:
            removed = np.isin(box[plan], gone)
            if removed.any():
                self._settle(float(per_level[plan][removed].max()), proof[1])
            parts[plan] = parts[plan][~np.isin(parts[plan], gone)]
        return tuple(parts)

    def _confine(self, box: Levels, mix: int, proof: list[Any], sizes: list[list[float]]) -> None:
        """Narrow the spans of sizes; what lies beyond counts by the bound that it is given."""
        if not float(self.certificate["multipliers"][proof[1]][0][0]) > 0.0:
            raise NotTrustedError("sizes are confined by a proof of infeasibility")
        spans = confined(self._spans, self.instance.types, sizes)
        if all(len(part) for part in box):
            total, _, below = self._levels_bound(box, mix, proof)
            lost = [-part for part in below]
            for kind, price, size in sizes:
                self._settle(beyond(self.instance, box, total, lost, kind, price, size), proof[1])
        self._spans = spans

    def _settle(self, bound: float, number: int) -> None:
        """Count a removed part: nothing where it is proven infeasible, else its bound."""
        weight = self.certificate["multipliers"][number][0][0]
        if weight == 0.0:
            if not bound < 0.0:
                raise NotTrustedError("a part of the box is called infeasible, and its bound does not show it")
        else:
            self.bound = max(self.bound, min(self._ceiling, bound / weight))

    def _consistent(self, box: Levels) -> Levels:
        """The box without levels that have no allowed partner."""
        parts = list(box)
        before = -1
        while before != sum(len(p) for p in parts):
            before = sum(len(p) for p in parts)
            for rule in self.instance.rules:
                a, b = rule.first, rule.second
                if a == b:
                    parts[a] = parts[a][rule.allowed[parts[a], parts[a]]]
                    continue
                parts[a] = parts[a][rule.allowed[np.ix_(parts[a], parts[b])].any(axis=1)]
                parts[b] = parts[b][rule.allowed[np.ix_(parts[a], parts[b])].any(axis=0)]
        return tuple(parts)

    def _levels_bound(self, box: Levels, mix: int, proof: list[Any]) -> tuple[float, list[Array], list[Array]]:
        """Bound over the box, over the parts of it that keep one level, and how far below the best one each lies."""
        reference, number = proof[:2]
        shift = self._shift(proof[2]) if len(proof) > 2 and proof[2] is not None else None
        if not all(len(part) for part in box):
            return -np.inf, [np.full(len(part), -np.inf) for part in box], [np.zeros(len(part)) for part in box]
        if not self.gains and number in self._known:
            figure = self._known[number]
        else:
            figure = self._lagrangian(box, mix, reference, number)
            self._known[number] = figure
        parts = [float(v) for v in self.certificate["multipliers"][number][0]] + self._prices(number)
        size = float(np.array(parts) @ self.magnitude[:, mix])
        for price, block in zip(self._prices(number), self.instance.blocks, strict=True):
            size += price * (abs(block.reserved) + (block.limit if np.isfinite(block.limit) else 0.0))
        if len(proof) > 3:
            slopes, sweeps = self._slopes(proof[3]), int(self.certificate["sweeps"])
            return bound_by_pairs(
                self.instance, figure, box, mix, reference, size, shift, self._spans, slopes, sweeps
            )  # fmt: skip
        top, alone = separable_bound(self.instance, figure, box, mix, reference, size, shift, self._spans)
        return top, alone, [top - part for part in alone]

    def _shift(self, number: int) -> Array:
        """(J, I)."""
        return self._table("shifts", number, (self.instance.plans, self.instance.types))

    def _slopes(self, number: int) -> Array:
        """(I,)."""
        slopes = self._table("slopes", number, (self.instance.types,))
        if (slopes < 0.0).any():
            raise NotTrustedError("a slope is negative")
        return slopes

    def _table(self, name: str, number: int, shape: tuple[int, ...]) -> Array:
        packed = np.frombuffer(base64.b64decode(self.certificate[name][number]), dtype="<f4")
        table = packed.reshape(shape).astype(np.float64)
        if not np.isfinite(table).all():
            raise NotTrustedError(f"one of the {name} is not finite")
        return table

    def _prices(self, number: int) -> list[float]:
        return [float(p) for p in self.certificate["multipliers"][number][1]]

    def _lagrangian(self, box: Levels, mix: int, reference: list[int], number: int) -> Figure:
        """The figure without burst that no feasible choice's Lagrangian exceeds; see ``bounds.make_form``."""
        weights = [float(v) for v in self.certificate["multipliers"][number][0]]
        prices = self._prices(number)
        if len(weights) != len(self.figures) or len(prices) != len(self.instance.blocks):
            raise NotTrustedError("a multiplier has the wrong length")
        if not all(np.isfinite(v) and v >= 0.0 for v in (*weights, *prices)):
            raise NotTrustedError("a multiplier is negative or not finite")
        terms, constant = list(zip(weights, self._stated, strict=True)), 0.0
        for h, (block, price) in enumerate(zip(self.instance.blocks, prices, strict=True)):
            cost = sum(v * max(0.0, -float(f.burst[h])) for v, f in zip(weights, self.figures, strict=True))
            gain = sum(v * max(0.0, float(f.burst[h])) for v, f in zip(weights, self.figures, strict=True))
            if np.isfinite(block.limit):
                room = block.limit + 1e-9 * (block.reserved + block.limit)
                constant += room * max(0.0, price - cost)
            paid = price if np.isfinite(block.limit) else min(price, cost)
            slope, shift = self._chord(h, box, mix, reference) if gain else (0.0, 0.0)
            terms.append((gain * slope - paid, block.use))
            constant += paid * block.reserved + gain * shift
        return combine(terms, constant)

    def _chord(self, block: int, box: Levels, mix: int, reference: list[int]) -> tuple[float, float]:
        pool = self.instance.blocks[block]
        top = separable_bound(self.instance, pool.use, box, mix, reference, 0.0)[0]
        bottom = -separable_bound(self.instance, combine([(-1.0, pool.use)]), box, mix, reference, 0.0)[0]
        slope, shift = chord_between(bottom - pool.reserved, top - pool.reserved)
        return slope, shift - slope * pool.reserved + 4.0 * EPS * (abs(top) + abs(bottom) + abs(pool.reserved))

    def _sift(self, box: Levels, mix: int, proofs: list[Any]) -> None:
        """Evaluate the menus that no bound puts below the claimed bound; the others count as high as that."""
        claimed = -np.inf if self.certificate["bound"] is None else float(self.certificate["bound"])
        spare, tables, total, counts = [], [], np.inf, False
        for proof in proofs:
            top, _, below = self._levels_bound(box, mix, proof)
            weight = float(self.certificate["multipliers"][proof[1]][0][0])
            tables.append(below)
            counts = counts or weight > 0.0
            spare.append(top - claimed * weight + 1e-13 * (abs(top) + abs(claimed * weight)) if weight else top)
            total = min(total, top / weight) if weight else total
        left, spent = np.zeros((1, len(box)), dtype=np.intp), np.zeros((1, len(proofs)))
        settled = False
        for j in sorted(range(len(box)), key=lambda j: len(box[j])):
            grown = spent[:, None, :] + np.stack([table[j] for table in tables], axis=1)
            row, level = np.nonzero((grown <= np.array(spare)).all(axis=2))
            settled = settled or len(row) < len(left) * len(box[j])
            if len(row) > self.tuning.recheck_menus:
                raise NotTrustedError("a part of the box is called sifted, and its bounds leave too many menus")
            left, spent = left[row], grown[row, level]
            left[:, j] = box[j][level]
        if settled and counts:
            self.bound = max(self.bound, min(claimed, total))
        if len(left):
            self._enumerate([left], mix)

    def _enumerate(self, blocks: Iterable[Ints], mix: int) -> None:
        for menus in blocks:
            columns = np.stack([c[m] for c, m in zip(self.layout.column, menus.T, strict=True)], axis=1)
            values = problem_values(self.layout, columns, np.full(len(menus), mix))
            aim, limits, over = with_burst(self.layout, values)
            near = violation(self.layout, limits, over) <= 64.0 * EPS * (self.instance.types + 16)
            aim = np.where(near, aim, -np.inf)
            while aim.max() > self.bound:
                k = int(np.argmax(aim))
                value = self.truth(tuple(int(x) for x in menus[k]), mix)
                self.bound = max(self.bound, -np.inf if value is None else value)
                aim[k] = -np.inf


def _menus(box: Levels, chunk: int) -> Iterator[Ints]:
    """All menus of a box, (chunk, J) at a time."""
    shape = tuple(len(part) for part in box)
    count = int(np.prod(shape, dtype=object))
    for at in range(0, count, chunk):
        index = np.unravel_index(np.arange(at, min(at + chunk, count)), shape)
        yield np.stack([part[k] for part, k in zip(box, index, strict=True)], axis=1)
