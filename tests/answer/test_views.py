"""Results are drawn through the registry of views, and know no charts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import altair as alt
import pytest

import optimizer
from optimizer.answer import views
from optimizer.answer.views import Viewed, drawn, view

CASE = "assistant-startup-margin"


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    scenarios = {"as stated": {}, "dear": {"pools.main.price": optimizer.Change(times=1.5)}}
    from optimizer.schema.case import Scenario

    return {
        "solution": optimizer.solve_case(CASE),
        "frontier": optimizer.frontier_case(CASE, points=3),
        "comparison": optimizer.compare_case(
            CASE, scenarios={name: Scenario(changes=changes) for name, changes in scenarios.items()}
        ),
        "explanation": optimizer.explain_case(CASE, runners=1),
        "tornado": optimizer.sensitivity_case(CASE, top=0, paths=["pools.main.price"]),
    }


@pytest.mark.parametrize("name", ["solution", "frontier", "comparison", "explanation", "tornado"])
def test_every_result_has_a_plot_and_a_notebook_view(name: str, results: dict[str, Any]) -> None:
    result = results[name]
    assert isinstance(result, Viewed)
    assert isinstance(result.plot(), alt.TopLevelMixin)
    assert "<table" in result._repr_html_()


def test_a_view_is_found_by_type_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_views", dict(views._views))

    class Thing(Viewed):
        """A result of nobody's."""

    class Special(Thing):
        """One with a view of its own."""

    @view(Thing)
    def draw(thing: Thing, width: int = 1) -> tuple[str, int]:
        return "drawn", width

    @view(Special, "close")
    def closer(thing: Special) -> str:
        return "closer"

    assert Thing().plot() == ("drawn", 1) and Special().plot() == ("drawn", 1)
    assert drawn(Thing(), width=5) == ("drawn", 5)
    assert drawn(Special(), "close") == "closer"
    with pytest.raises(LookupError, match="Thing has no drawing 'close'"):
        drawn(Thing(), "close")


def test_charts_are_imported_when_first_asked_for() -> None:
    code = (
        "import sys, optimizer; s = optimizer.solve_case('assistant-startup-today'); "
        "print('altair' in sys.modules); s.plot(); print('altair' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_without_the_package_the_next_try_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ModuleNotFoundError("No module named 'altair'")

    monkeypatch.setattr(views, "_views", {})
    monkeypatch.setattr(views, "_loaders", [missing])
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="altair"):
            drawn(object())
