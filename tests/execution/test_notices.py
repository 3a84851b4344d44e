"""Lines about long waits reach who listens, once."""

from __future__ import annotations

import pytest

from optimizer.execution.notices import COMPILING, Notices, notices
from optimizer.search import Tuning, maximise
from optimizer.search.kernels.loops import CompiledKernel


def test_a_line_is_told_once_and_to_nobody_who_left():
    told: list[str] = []
    own = Notices()
    own.tell("before anybody listens")
    leave = own.listen(told.append)
    for line in ("one", "two", "one"):
        own.tell(line)
    leave()
    own.tell("three")
    assert told == ["one", "two"]


@pytest.mark.parametrize("there", [True, False])
def test_a_search_tells_that_it_has_to_compile(instances, monkeypatch, there):
    monkeypatch.setattr(CompiledKernel, "on_disk", staticmethod(lambda: there))
    drawn = instances.draw(5, types=8, plans=5, levels=12, mixes=1, limits="r", spread=1.5)
    told: list[str] = []
    leave = notices.listen(told.append)
    try:
        maximise(
            drawn.instance, drawn.aim, drawn.limits, tuning=Tuning(whole_choices=0, box_menus=1, compiled_numbers=1)
        )
    finally:
        leave()
    assert told == ([] if there else [COMPILING])
