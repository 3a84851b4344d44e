"""Verify a certificate without searching: every bound in it is computed anew, in numpy, from the horizon as it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.errors import NotTrustedError
from optimizer.horizon.bounds import (
    Parted,
    Separable,
    bound_box,
    numpy_potentials,
    rounding_slack,
    told,
    whole_box,
)
from optimizer.horizon.certificate import PathNode
from optimizer.horizon.instance import Horizon
from optimizer.horizon.kernel import Forms
from optimizer.horizon.limits import Limited, PathLimit, kept, limited
from optimizer.horizon.memory import remembering, worth_remembering
from optimizer.horizon.paths import all_paths, count_paths, is_empty, reachable
from optimizer.horizon.pricing import Pricing
from optimizer.horizon.shares import pure, toward, within
from optimizer.horizon.tuning import DEFAULT
from optimizer.typing import Array, Bools, Ints

MOST_PATHS = 100_000
"""Paths of one part of a certificate that may have to be evaluated."""
CHUNK = 256
WHOLE, WIDTH = DEFAULT.numpy_whole, DEFAULT.numpy_width


def replay(horizon: Horizon, certificate: Mapping[str, Any], limits: Sequence[PathLimit] = ()) -> float:
    """A valid upper bound on every path that keeps the limits, from the certificate's cuts and references alone.

    -inf where it proves that there is none. Raises NotTrustedError where the certificate is not well formed, or claims
    less than it proves.
    """
    try:
        bound = certificate["bound"]
        claimed = -np.inf if bound is None and len(limits) else float(bound)
        if certificate.get("memory") is True and worth_remembering(horizon, np.inf):
            horizon = remembering(horizon)
        proven = _Replay(limited(horizon, limits), certificate).run()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise NotTrustedError(f"the certificate is not well formed: {error!r}") from error
    if not proven <= claimed + 4.0 * rounding_slack(horizon):
        raise NotTrustedError(f"the certificate claims {claimed!r}, but proves no more than {proven!r}")
    return proven


@dataclass(frozen=True)
class _Known:
    """A box, the least bound of it so far, the last mixed path and the form around it."""

    box: Bools
    bound: float = np.inf
    shares: Array | None = None
    form: Separable | None = None


class _Replay:
    """The bound so far."""

    def __init__(self, limited: Limited, certificate: Mapping[str, Any]) -> None:
        self._limited, self._horizon, self._certificate = limited, limited.horizon, certificate
        self._pricing = Pricing(limited, _forms)
        self._pricing.rows += [self._rows(row) for row in certificate.get("rows", [])[1:]]
        self._bound = -np.inf

    def run(self) -> float:
        waiting: list[tuple[PathNode, _Known]] = [(self._certificate["root"], _Known(whole_box(self._horizon)))]
        while waiting:
            node, known = waiting.pop()
            if unknown := set(node) - {"steps", "split", "left", "right", "enumerate"}:
                raise NotTrustedError(f"the certificate knows an ending of its own: {sorted(unknown)}")
            known = replace(known, box=reachable(self._horizon, known.box))
            for step in node.get("steps", ()):
                if not is_empty(self._horizon, known.box):
                    known = self._step(known, *step)
            if is_empty(self._horizon, known.box):
                continue
            if "split" in node:
                halves = self._halves(node["split"], known.box)
                waiting += [(node[side], self._within(replace(known, box=part))) for side, part in halves]
            elif node.get("enumerate") is True:
                self._bound = max(self._bound, self._evaluated(known.box))
            else:
                self._bound = max(self._bound, known.bound)
        return float(self._bound)

    def _step(self, known: _Known, reference: int, share: float, drops: list[Any], rows: int = 0) -> _Known:
        """Move the mixed path, and drop what the form around it puts below the certificate's bound."""
        if not 0.0 <= share <= 1.0:
            raise NotTrustedError(f"the certificate moves its mixed path by {share!r}")
        h, path = self._horizon, self._path(reference)
        if self._pricing.rows[rows][0] == 0.0:
            return self._missed(known, self._pricing.form(rows, known.box, pure(h, path)), drops)
        before = pure(h, path) if known.shares is None else within(h, known.box, known.shares)
        shares = pure(h, path) if share == 1.0 else toward(before, path, share)
        found = told(h, self._pricing.form(rows, known.box, shares))
        bound, kept = min(known.bound, found.total), known.box.copy()
        for stage, columns in self._dropped(drops):
            self._bound = max(self._bound, min(bound, float(found.through[stage, columns].max(initial=-np.inf))))
            kept[stage, columns] = False
        kept = reachable(h, kept)
        return self._within(_Known(kept, bound, within(h, known.box, shares), found.form))

    def _missed(self, known: _Known, form: Separable, drops: list[Any]) -> _Known:
        """Drop what misses a limit: all of it where the form is below 0 everywhere."""
        found = told(self._horizon, form)
        if found.total < 0.0:
            return replace(known, box=np.zeros_like(known.box))
        kept = known.box.copy()
        for stage, columns in self._dropped(drops):
            if not float(found.through[stage, columns].max(initial=-np.inf)) < 0.0:
                self._bound = max(self._bound, known.bound)
            kept[stage, columns] = False
        return replace(known, box=reachable(self._horizon, kept))

    def _dropped(self, drops: list[Any]) -> Iterator[tuple[int, Ints]]:
        for stage, plan, levels in drops:
            yield stage, self._columns(stage, plan, levels)

    def _rows(self, given: list[float]) -> Array:
        """Multipliers must not be negative; the aim counts in full or not at all."""
        rows = np.array(given, dtype=np.float64)
        fits = rows.shape == (1 + len(self._limited.limits),) and bool(np.isfinite(rows).all())
        if not fits or rows[0] not in (0.0, 1.0) or (rows < 0.0).any():
            raise NotTrustedError("the certificate has multipliers that prove nothing")
        return rows

    def _within(self, known: _Known) -> _Known:
        """What is known of a box, with what its form says of the part that it has become."""
        box = reachable(self._horizon, known.box)
        if known.form is None or is_empty(self._horizon, box):
            return replace(known, box=box)
        form = known.form.inside(box)
        return replace(known, box=box, bound=min(known.bound, told(self._horizon, form).total), form=form)

    def _path(self, number: int) -> Ints:
        """A reference may be any path of columns that are there; limits on steps do not matter to a bound."""
        levels = np.array(self._certificate["paths"][number], dtype=np.intp)
        h = self._horizon
        if levels.shape != (h.stages, h.groups) or (levels < 0).any() or (levels >= np.array(h.sizes)).any():
            raise NotTrustedError(f"path {number} of the certificate is none of this horizon")
        return np.asarray(levels + h.first[:-1])

    def _columns(self, stage: int, plan: int, levels: list[int]) -> Ints:
        h, picked = self._horizon, np.array(levels, dtype=np.intp)
        inside = 0 <= stage < h.stages and 0 <= plan < h.groups
        if not inside or (picked < 0).any() or (picked >= h.sizes[plan]).any():
            raise NotTrustedError("the certificate names a stage, a plan or a level that is not there")
        return np.asarray(picked + h.first[plan])

    def _halves(self, split: list[Any], box: Bools) -> list[tuple[str, Bools]]:
        stage, plan, levels = split
        left, right = box.copy(), box.copy()
        own = self._horizon.group == plan
        kept = np.zeros(len(own), dtype=np.bool_)
        kept[self._columns(stage, plan, levels)] = True
        left[stage] &= ~own | kept
        right[stage] &= ~own | ~kept
        return [("left", left), ("right", right)]

    def _evaluated(self, box: Bools) -> float:
        if count_paths(self._horizon, box) > MOST_PATHS:
            raise NotTrustedError("a part of the certificate has too many paths to evaluate")
        found = [self._limited.assess(part) for part in all_paths(self._horizon, box, CHUNK)]
        return max(float(part[kept(part), 0].max(initial=-np.inf)) for part in found)


def _forms(horizon: Horizon) -> Forms:
    """In numpy."""
    parted = Parted(horizon, WHOLE, WIDTH)
    return lambda box, shares: bound_box(parted, box, shares, numpy_potentials)
