"""The one best-first loop of all searches: boxes by falling bound, the incumbent, the clock, and what counts as proven.

A search hands in what is particular to it (:class:`Branching`): how boxes are bounded and cut. Source: best-first
branch and bound after Land and Doig (1960); a box is fathomed once its bound is at most the cutoff.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from optimizer.execution.clock import GRACE


class SearchStatus(StrEnum):
    """How a search ended."""

    CLOSED = "closed"
    """The gap is within the one asked for."""
    INFEASIBLE = "infeasible"
    """Proven: nothing keeps all conditions."""
    OPEN = "open"
    """Stopped by time or by the number of boxes."""
    INTERRUPTED = "interrupted"
    """Cancelled."""


@dataclass(frozen=True)
class Clock:
    """When a search has to stop."""

    deadline: float | None = None
    """In ``time.monotonic()`` seconds."""
    cancelled: Callable[[], bool] | None = None

    def stop(self) -> SearchStatus | None:
        """Why to stop now; None to go on."""
        if self.cancelled is not None and self.cancelled():
            return SearchStatus.INTERRUPTED
        late = self.deadline is not None and time.monotonic() >= self.deadline
        return SearchStatus.OPEN if late else None

    def with_grace(self) -> Clock:
        """The clock of work without which there is nothing to show: a first incumbent, a first bound."""
        return self if self.deadline is None else replace(self, deadline=self.deadline + GRACE)


@dataclass(frozen=True)
class GapRule:
    """How far above the incumbent a bound may lie and still prove it."""

    gap: float
    """Relative to max(\\|value\\|, scale)."""
    scale: float
    least: float = 0.0
    """The tolerance is never below this."""

    def tolerance(self, value: float) -> float:
        """In the unit of the value."""
        return max(self.gap * max(abs(value), self.scale), self.least)

    def cutoff(self, value: float) -> float:
        """Bounds up to here are fathomed by an incumbent of this value."""
        return value + self.tolerance(value)


class Valued(Protocol):
    """An incumbent."""

    @property
    def value(self) -> float: ...


class Bounded(Protocol):
    """A box: part of what is searched."""

    @property
    def bound(self) -> float:
        """Nothing in the box is worth more."""
        ...


BoxT = TypeVar("BoxT", bound=Bounded)
BestT = TypeVar("BestT", bound=Valued)


class Branching(Protocol[BoxT]):
    """What a search does with the boxes that the loop hands out."""

    def branch(self, boxes: list[BoxT]) -> None:
        """Bound and cut these boxes; what is left of them is pushed, the rest closed."""

    def proven(self, box: BoxT) -> bool:
        """Whether the bound of a box at the cutoff can be shown as it stands."""

    def leave(self, box: BoxT) -> None:
        """Told of every box that is not cut any more: fathomed, or open when the search stopped."""


@dataclass
class BestFirst(Generic[BoxT, BestT]):
    """A queue of boxes around an incumbent. ``batch`` boxes are handed out at a time."""

    rule: GapRule
    clock: Clock
    batch: int = 1
    most_boxes: int | None = None
    incumbent: BestT | None = None
    floor: float = float("-inf")
    """A value that is known from elsewhere: what is worth no more is fathomed."""
    closed: float = float("-inf")
    """Largest bound of anything that was removed."""
    boxes: int = 0
    """Handed out so far."""
    stopped: SearchStatus | None = None
    """What ended the loop before the gap was proven."""
    _heap: list[tuple[int, float, int, BoxT]] = field(default_factory=list)
    _count: int = 0

    @property
    def value(self) -> float:
        """Of the incumbent; -inf without one."""
        return float("-inf") if self.incumbent is None else self.incumbent.value

    @property
    def cutoff(self) -> float:
        """Bounds up to here are fathomed."""
        known = max(self.value, self.floor)
        return known if known == float("-inf") else self.rule.cutoff(known)

    @property
    def waiting(self) -> list[BoxT]:
        """Boxes in the queue, in no order."""
        return [item[3] for item in self._heap]

    @property
    def bound(self) -> float:
        """Proven bound as of now."""
        return max([self.value, self.closed, *(box.bound for box in self.waiting)])

    def push(self, box: BoxT, key: float | None = None, depth: int = 0) -> None:
        """Queue a box: the deepest first, then the largest keys (the bound if none is given), then the oldest."""
        heapq.heappush(self._heap, (-depth, -(box.bound if key is None else key), self._count, box))
        self._count += 1

    def close(self, bound: float) -> None:
        """Note the bound of a part that is removed."""
        self.closed = max(self.closed, bound)

    def requeue(self, depth: Callable[[BoxT], int]) -> None:
        """Queue all boxes anew by their bounds, as old as they are."""
        waiting = sorted(self._heap, key=lambda item: item[:3])
        self._heap = []
        for item in waiting:
            self.push(item[3], depth=depth(item[3]))

    def run(self, branching: Branching[BoxT]) -> None:
        """Hand out boxes until all are fathomed or something stops the search."""
        while self._heap:
            depth, key, _, box = self._heap[0]
            if -key <= self.cutoff:
                if not depth:
                    break  # no other box has a larger bound
                if branching.proven(box):
                    heapq.heappop(self._heap)
                    branching.leave(box)
                    self.close(box.bound)
                    continue
            self.stopped = self._stop()
            if self.stopped is not None:
                break
            branching.branch(self._take())
        for box in self.waiting:
            branching.leave(box)
        if self.stopped is None:
            for box in self.waiting:
                self.close(box.bound)
            self._heap.clear()

    def _stop(self) -> SearchStatus | None:
        full = self.most_boxes is not None and self.boxes >= self.most_boxes
        return self.clock.stop() or (SearchStatus.OPEN if full else None)

    def _take(self) -> list[BoxT]:
        """The next box, and as many as the batch holds of those that no cutoff fathoms."""
        taken = [heapq.heappop(self._heap)[3]]
        while len(taken) < self.batch and self._heap and -self._heap[0][1] > self.cutoff:
            taken.append(heapq.heappop(self._heap)[3])
        self.boxes += len(taken)
        return taken
