"""Two meanings of a change, each by its name, the same wherever it is asked for: file, --set, scenario, tornado."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer import Change, InputError, compare_case, evaluate_case, sensitivity_case, solve_case
from optimizer.answer.run import solve_case_model
from optimizer.io.copying import copy_case
from optimizer.model.case_model import prepare_case, with_changes
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Scenario

CASE = "assistant-startup-margin"
PATH = "segments.individuals.usage.requests"
BELIEVED = f"recalibrate:{PATH}"


def edited(folder: Path, value: str) -> Path:
    """The case with another number in its market's file."""
    case = copy_case(CASE, folder)
    numbers = folder / "models" / "assistant-startup" / "numbers.csv"
    text = numbers.read_text(encoding="utf-8")
    assert f"{PATH},70," in text
    numbers.write_text(text.replace(f"{PATH},70,", f"{PATH},{value},"), encoding="utf-8")
    return case


def test_a_belief_set_is_the_file_edited(tmp_path: Path) -> None:
    by_file = evaluate_case(edited(tmp_path, "71"))
    by_set = evaluate_case(CASE, sets={BELIEVED: 71.0})
    # today's customers are given back under either belief, so revenue stays and the cost of serving them moves
    for name in ("revenue", "serving_cost", "contribution_margin", "customers"):
        assert by_set.figure(name) == pytest.approx(by_file.figure(name), rel=1e-12), name
    base = evaluate_case(CASE)
    assert by_set.figure("customers") == pytest.approx(base.figure("customers"), rel=1e-9)
    assert by_set.figure("serving_cost") > base.figure("serving_cost")


def test_what_will_be_different_moves_customers() -> None:
    """The same number changed after calibration: who wants more is served more, and comes more often."""
    after, base = evaluate_case(CASE, sets={PATH: 71.0}), evaluate_case(CASE)
    assert after.figure("customers") > base.figure("customers") * (1.0 + 1e-6)


def test_a_scenario_means_what_set_means() -> None:
    for path in (BELIEVED, PATH):
        scenarios = {
            "as stated": Scenario(title="As stated"),
            "more": Scenario(title="More use", changes={path: Change(times=1.02)}),
        }
        found = compare_case(CASE, scenarios=scenarios)
        wanted = solve_case(CASE, sets={path: "x1.02"}).objective.value
        assert found.cells["best in more", "more"].value == pytest.approx(wanted, rel=1e-9), path


def test_the_tornado_moves_beliefs() -> None:
    (driver,) = sensitivity_case(CASE, paths=[PATH], top=1).drivers
    for value, reached in ((driver.low, driver.best_low), (driver.high, driver.best_high)):
        world = with_changes(prepare_case(CASE), {BELIEVED: Change(to=value)})
        assert reached == pytest.approx(solve_case_model(world, Settings(gap=1e-4)).objective.value, rel=1e-9)


def test_wrong_beliefs_are_told_where_they_were_asked_for() -> None:
    with pytest.raises(InputError, match=r"recalibrate:segments\.individuals\.usage\.request"):
        evaluate_case(CASE, sets={"recalibrate:segments.individuals.usage.request": 5.0})
    with pytest.raises(InputError) as error:
        evaluate_case(CASE, sets={BELIEVED: -5.0})
    assert error.value.findings[0].field == f"--set {BELIEVED}"
