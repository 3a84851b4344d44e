"""The best-first loop on its own: order, cutoff, clock, and the bound it keeps."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import pytest

from optimizer.search.engine import BestFirst, Clock, GapRule, SearchStatus


@dataclass(frozen=True)
class Known:
    """An incumbent."""

    value: float


@dataclass(frozen=True)
class Part:
    """A box that is told what it is cut into."""

    name: str
    bound: float
    children: tuple[Part, ...] = ()
    value: float = -math.inf
    """Of the best in it; found when the box is handed out."""
    depth: int = 0
    proven: bool = True


@dataclass
class Toy:
    """Cuts parts as they say and notes what it was handed."""

    tree: BestFirst[Part, Known]
    handed: list[list[str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def push(self, *parts: Part) -> None:
        for part in parts:
            self.tree.push(part, depth=part.depth)

    def branch(self, boxes: list[Part]) -> None:
        self.handed.append([box.name for box in boxes])
        for box in boxes:
            if box.value > self.tree.value:
                self.tree.incumbent = Known(box.value)
            if not box.children:
                self.tree.close(box.value)
            self.push(*box.children)

    def proven(self, box: Part) -> bool:
        return box.proven

    def leave(self, box: Part) -> None:
        self.left.append(box.name)


def toy(rule: GapRule | None = None, **options: object) -> Toy:
    options = {"clock": Clock(), **options}
    return Toy(BestFirst(rule or GapRule(0.0, 1.0), **options))  # type: ignore[arg-type]


def test_the_gap_rule() -> None:
    rule = GapRule(0.01, 5.0, least=0.02)
    assert rule.cutoff(100.0) == pytest.approx(101.0)
    assert rule.cutoff(-100.0) == pytest.approx(-99.0)
    assert rule.cutoff(1.0) == pytest.approx(1.05)  # 1 % of the scale
    assert GapRule(0.0, 5.0, least=0.02).cutoff(1.0) == pytest.approx(1.02)
    assert BestFirst[Part, Known](rule, Clock()).cutoff == -math.inf


def test_statuses_compare_with_their_words() -> None:
    assert [str(s) for s in SearchStatus] == ["closed", "infeasible", "open", "interrupted"]
    assert SearchStatus.OPEN == "open"


def test_the_best_bound_comes_first_and_the_oldest_among_equals() -> None:
    run = toy()
    inner = (Part("c", 7.0, value=1.0), Part("d", 9.0, value=2.0))
    run.push(Part("a", 7.0, value=0.0), Part("b", 9.0, inner))
    run.tree.run(run)
    assert run.handed == [["b"], ["d"], ["a"], ["c"]]
    assert run.tree.value == run.tree.bound == 2.0
    assert run.tree.boxes == 4 and run.tree.stopped is None


def test_the_deepest_come_before_better_bounds() -> None:
    run = toy()
    run.push(
        Part("flat", 9.0, value=0.0), Part("deep", 3.0, depth=2, value=0.0), Part("deeper", 1.0, depth=3, value=0.0)
    )
    run.tree.run(run)
    assert [names[0] for names in run.handed] == ["deeper", "deep", "flat"]


def test_what_the_cutoff_fathoms_is_not_handed_out_but_counts_for_the_bound() -> None:
    run = toy(GapRule(0.1, 1.0))
    run.push(Part("best", 12.0, value=10.0), Part("within", 10.9, value=10.5), Part("far", 3.0))
    run.tree.run(run)
    assert run.handed == [["best"]]
    assert sorted(run.left) == ["far", "within"]
    assert (run.tree.value, run.tree.closed, run.tree.bound) == (10.0, 10.9, 10.9)
    assert run.tree.waiting == []


def test_deep_boxes_at_the_cutoff_are_fathomed_one_by_one_if_their_bound_can_be_shown() -> None:
    run = toy()
    run.tree.incumbent = Known(5.0)
    run.push(
        Part("shown", 4.0, depth=1),
        Part("not shown", 4.5, depth=1, proven=False, value=0.0),
        Part("open", 6.0, value=0.0),
    )
    run.tree.run(run)
    assert run.handed == [["not shown"], ["open"]]
    assert run.left == ["shown"]
    assert run.tree.bound == 5.0 and run.tree.closed == 4.0


def test_batches_hold_only_what_is_above_the_cutoff() -> None:
    run = toy(batch=3)
    run.tree.incumbent = Known(5.0)
    run.push(*(Part(f"{bound:g}", bound, value=0.0) for bound in (9.0, 8.0, 7.0, 6.0, 4.0)))
    run.tree.run(run)
    assert run.handed == [["9", "8", "7"], ["6"]]
    assert run.tree.boxes == 4


def endless(bound: float = 100.0) -> Part:
    """A part whose halves are worth nothing and are still open."""
    return Part("root", bound, (Part("left", bound - 1.0), Part("right", bound - 2.0)), value=0.0)


def test_the_number_of_boxes_stops_it_with_a_valid_bound() -> None:
    run = toy(most_boxes=1)
    run.push(endless())
    run.tree.run(run)
    assert run.tree.stopped is SearchStatus.OPEN
    assert sorted(run.left) == ["left", "right"] and len(run.tree.waiting) == 2
    assert (run.tree.value, run.tree.bound) == (0.0, 99.0)


def test_the_clock_stops_it() -> None:
    assert Clock().stop() is None
    assert Clock(deadline=time.monotonic() + 1e6).stop() is None
    late, cancelled = Clock(deadline=time.monotonic() - 1.0), Clock(cancelled=lambda: True)
    for clock, status in ((late, SearchStatus.OPEN), (cancelled, SearchStatus.INTERRUPTED)):
        run = toy(clock=clock)
        run.push(endless())
        run.tree.run(run)
        assert run.tree.stopped is status and run.handed == [] and run.tree.bound == 100.0


def test_a_cutoff_that_everything_meets_comes_before_the_clock() -> None:
    run = toy(clock=Clock(cancelled=lambda: True))
    run.tree.incumbent = Known(100.0)
    run.push(endless())
    run.tree.run(run)
    assert run.tree.stopped is None and run.tree.bound == 100.0


def test_boxes_are_queued_anew_by_their_bounds_in_the_order_they_stood() -> None:
    tree = BestFirst[Part, Known](GapRule(0.0, 1.0), Clock())
    parts = [Part("a", 1.0), Part("b", 2.0), Part("c", 2.0)]
    for part, key in zip(parts, (3.0, 1.0, 2.0), strict=True):
        tree.push(part, key)
    tree.requeue(lambda part: part.depth)
    run = Toy(tree)
    tree.incumbent = Known(0.0)
    tree.run(run)
    assert [names[0] for names in run.handed] == ["c", "b", "a"]
