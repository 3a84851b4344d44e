"""What readers of the studies are told: terms in which menus differ, who cannot win and why, ends without a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pytest

from optimizer.answer.run import solve_case_model
from optimizer.answer.tornado import Driver, Tornado
from optimizer.cli.main import main
from optimizer.errors import InputError
from optimizer.optimise.outcome import Settings
from optimizer.report.charts import tornado_chart
from optimizer.report.html import report_html
from optimizer.report.pieces import told
from optimizer.schema.case import Change, Scenario
from optimizer.studies.compare import compare_scenarios, comparison_section
from optimizer.studies.frontier import frontier_of, frontier_section
from optimizer.studies.sections import Listing, TextCell, TextTable
from optimizer.studies.sensitivity import tornado, uncertain
from optimizer.studies.sensitivity_section import end_table, tornado_section

SETTINGS = Settings(gap=1e-6, cross_check=False)
Ask = Callable[..., str]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """What a command prints on stdout."""

    def asked(*arguments: str, code: int = 0) -> str:
        assert main([*map(str, arguments)]) == code
        return capsys.readouterr().out

    return asked


def table_of(blocks: tuple[Any, ...], number: int = 0) -> TextTable:
    return [block for block in blocks if isinstance(block, TextTable)][number]


def cells(shown: TextTable, keys: bool = True) -> list[tuple[str, ...]]:
    """Every row as it is read in a terminal."""
    return [
        tuple(
            told(c.content if isinstance(c, TextCell) else c, keys, h.unit)
            for c, h in zip(row, shown.headings, strict=True)
        )
        for row in shown.rows
    ]


def headings(shown: TextTable) -> list[str]:
    return [told(h.content, keys=True) for h in shown.headings]


def test_frontier_rows_tell_menus_apart(factory: ModuleType) -> None:
    """Menus that differ in a cap or a unit price alone have rows that differ."""
    plans = {
        "free": {"allowances": {"big": {"day": [1, 3, 6]}}},
        "team": {"price": [30]},
        "api": {"unit_prices": {"big": [6, 8, 10]}},
    }
    m = factory.problem(None, factory.case(plans=plans, mix={"enterprise_share": [0.4]}))
    found = frontier_of(m, "customers", "contribution_margin", SETTINGS, everything=True)
    assert len({p.menu["plus"].price for p in found.points}) == 1 < len(found.points)  # type: ignore[union-attr]
    section = frontier_section(found, None)
    shown = table_of(section.blocks)
    assert headings(shown)[2:] == ["free", "api", "gap", "verdict"]
    terms = [row[2:4] for row in cells(shown)]
    assert len(set(terms)) == len(found.points)
    assert all(free.startswith("free (big ") and api.startswith("big ") for free, api in terms)
    notes = [told(b.content, keys=True) for b in section.blocks if hasattr(b, "content")]
    budget = "40.0% of the go-to-market budget for enterprise"
    assert notes[0] == f"The same in all of them: plus 20; lite not offered; team 30; {budget}."
    frame = found.to_frame()
    assert {"allowances_free", "unit_prices_api"} <= set(frame.columns) and frame.columns.is_unique


def test_metered_is_not_free_and_no_two_columns_have_one_name(ask: Ask) -> None:
    page = ask("frontier", "assistant-startup-margin", "--points", "3")
    head = next(line for line in page.splitlines() if "verdict" in line)
    names = [name.strip() for name in head.split("  ") if name.strip()]
    assert len(set(names)) == len(names) > 5
    rows = page.splitlines()[page.splitlines().index(head) + 1 :][:3]
    assert all("proved" in row for row in rows)
    column = head.index("api")
    assert not any(row[column:].startswith("free") for row in rows)


def test_a_metered_plan_that_never_changes_is_metered(factory: ModuleType) -> None:
    m = factory.problem(None, factory.case())
    found = frontier_of(m, "customers", "contribution_margin", SETTINGS, 3)
    notes = [told(b.content, keys=True) for b in frontier_section(found, None).blocks if hasattr(b, "content")]
    assert "api metered" in notes[0]


@pytest.fixture(scope="module")
def compared(factory: ModuleType) -> Any:
    """Two worlds, and a condition that the best menu of one misses in the other."""
    condition = [{"figure": "gross_margin_rate", "at_least": 0.45, "name": "healthy"}]
    m = factory.problem(None, factory.case(conditions=condition))
    worlds = {
        "cheap": Scenario(title="Cheap GPUs", changes={"pools.main.price": Change(times=0.5)}),
        "dear": Scenario(title="Dear GPUs", changes={"pools.main.price": Change(times=1.6)}),
    }
    return compare_scenarios(m, worlds, SETTINGS)


def test_compare_says_which_menu_misses_what_and_that_it_cannot_win(compared: Any) -> None:
    losing = [m for m in compared.menus if m not in compared.candidates]
    assert losing and compared.robust
    section = comparison_section(compared, None)
    shown = table_of(section.blocks, 1)
    by_label = {row[0]: row for row in cells(shown)}
    items = [told(i, keys=True) for b in section.blocks if isinstance(b, Listing) for i in b.items]
    for menu in losing:
        label = compared.label(menu)
        assert by_label[label][-1] == "cannot win"
        (line,) = [i for i in items if i.startswith(f"{label} misses")]
        assert "healthy in" in line and line.endswith(": it cannot win.")
        assert compared.misses(menu)
    winners = [row for row in by_label.values() if "least regret" in row[-1]]
    assert len(winners) == 1
    assert {"free", "plus"} <= set(headings(shown)) and any(
        "big" in row[headings(shown).index("free")] for row in by_label.values()
    )


def test_where_no_menu_meets_every_world_the_choice_is_among_all(compared: Any) -> None:
    missed = {key: replace(c, feasible=False, missed=("healthy",)) for key, c in compared.cells.items()}
    found = replace(compared, cells=missed)
    assert found.robust == () and found.candidates == found.menus
    items = [told(i) for b in comparison_section(found, None).blocks if isinstance(b, Listing) for i in b.items]
    assert any("No menu meets the conditions in every scenario" in item for item in items)
    assert not any("cannot win" in item for item in items)


def driver(path: str, low: float | None, high: float | None, **more: Any) -> Driver:
    return Driver(path, "usd/month", 1.0, 0.5, 2.0, True, "a guess", low, high, **more)


@pytest.fixture
def made() -> Tornado:
    """A tornado with ends on both sides, on one side, without a value, and a world that contradicts."""
    drivers = (
        driver("plans.a.price", 50.0, 150.0),
        driver("plans.b.price", 120.0, 140.0, best_low=121.0, best_high=141.0),
        driver("plans.c.price", None, 130.0, missing={"kept_low": "counts cannot be given back"}),
        driver("plans.d.price", 90.0, 95.0, contradicts={"low": ("revenue",)}),
    )
    return Tornado("case", "contribution_margin", "usd/month", 100.0, drivers, 0.0)


def rows_of(chart: Any, field: str) -> list[dict[str, Any]]:
    """Rows of the chart's data that have a field."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows if field in row]


def test_both_ends_are_drawn_where_they_fall_on_one_side(made: Tornado) -> None:
    chart = tornado_chart(made)
    drawn = rows_of(chart, "kept")
    lanes = {rank: sorted(row["lane"] for row in drawn if row["rank"] == rank) for rank in range(4)}
    assert lanes == {0: ["", ""], 1: ["lower", "upper"], 2: [""], 3: ["lower", "upper"]}
    marks = [layer["mark"] for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == "bar"]
    upper, lower = sorted(mark["yOffset"] for mark in marks if mark["size"] == 6.5)
    assert lower - upper >= 6.5  # side by side, none behind the other


def test_ends_without_a_value_and_contradictions_are_told(made: Tornado) -> None:
    (listing,) = [b for b in tornado_section(made).blocks if isinstance(b, Listing)]
    items = [told(item, keys=True) for item in listing.items]
    assert items == [
        "plans.c.price: no value at its low, menu kept: counts cannot be given back",
        "plans.d.price: at its low it contradicts the reported revenue",
    ]
    marks = {row[0].content.path: [c.mark for c in row[3:]] for row in end_table(made).rows}  # type: ignore[union-attr]
    assert marks["plans.d.price"] == ["!", "", "", ""] and not any(marks["plans.a.price"])
    names = [row["name"] for row in rows_of(tornado_chart(made), "name")]
    assert any("no value at its low" in name for name in names) and any("! at its low" in name for name in names)


def test_worlds_that_contradict_what_was_reported_are_marked(factory: ModuleType) -> None:
    """Serving costs were reported: a GPU that costs twice as much does not give them back."""
    data = factory.market()
    price = factory.at(data, "pools.main.price")
    data = factory.changed(
        data, "pools.main.price", {**price, "low": price["value"] * 0.999, "high": 2 * price["value"]}
    )
    cost = factory.problem(data).today.figure("serving_cost")
    observed = [{"figure": "serving_cost", "value": factory.q(cost, "usd/month"), "tolerance": 0.1}]
    m = factory.problem(factory.changed(data, "today.observed", observed))
    (found,) = tornado(m, solve_case_model(m, SETTINGS), SETTINGS, 0, ["pools.main.price"]).drivers
    assert found.contradicts == {"high": ("serving_cost",)}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no.such.number", "no number of the market is at"),
        ("plans.plus.decision_rate", "has no range"),
        ("today.observed.0.value", "was observed"),
    ],
)
def test_numbers_without_a_range_are_told(path: str, words: str, factory: ModuleType) -> None:
    observed = [
        {"figure": "customers", "value": {**factory.q(335_000, "customers"), "low": 1, "high": 1e6}, "tolerance": 1.0}
    ]
    m = factory.problem(factory.changed(factory.market(), "today.observed", observed))
    with pytest.raises(InputError, match=words):
        uncertain(m, [path])
    with pytest.raises(InputError) as error:
        uncertain(m, [path, "also.nothing"])
    assert len(error.value.findings) == 2


def test_a_path_without_a_range_ends_in_one_message(ask: Ask) -> None:
    body = json.loads(ask("sensitivity", "assistant-startup-margin", "--path", "hours.day", "--json", code=2))
    assert body["status"] == "bad_input" and "has no range" in body["message"]
    assert body["findings"][0]["cure"] == "state low and high in the market"


def test_a_study_without_work_is_told_where_it_was_asked_for(
    factory: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case, excel = str(factory.write(tmp_path, factory.market(), factory.case())), str(tmp_path / "r.xlsx")
    assert main(["run", case, "--excel", excel, "--with", "scenarios", "--json"]) == 0
    printed = capsys.readouterr()
    assert "--with scenarios: the case names no scenarios (add scenarios: or grid: to the case)" in printed.err
    assert json.loads(printed.out)["verdict"] == "proved" and Path(excel).exists()
    assert main(["run", case, "--excel", excel]) == 0
    assert "scenarios" not in capsys.readouterr().err
    assert main(["run", case, "--with", "explanation", "--json"]) == 2
    assert "no file to put studies in" in json.loads(capsys.readouterr().out)["message"]


def test_scenarios_of_a_file_go_with_one_case(ask: Ask, tmp_path: Path) -> None:
    worlds = tmp_path / "worlds.yaml"
    worlds.write_text("scenarios: {cheap: {changes: {pools.*.price: {times: 0.5}}}}", encoding="utf-8")
    cases = ["openai-2025-margin", "openai-2025-price-war"]
    assert (
        "goes with one case"
        in json.loads(ask("compare", *cases, "--scenarios", str(worlds), "--json", code=2))["message"]
    )


def test_the_report_tells_the_same(factory: ModuleType, compared: Any) -> None:
    m = factory.problem(None, factory.case(conditions=[{"figure": "gross_margin_rate", "at_least": 0.45}]))
    text = report_html(solve_case_model(m, SETTINGS), anything=compared)
    assert "it cannot win." in text and "Which menu to choose without knowing" in text
    assert text.count('<th scope="col" class="left">Terms</th>') == 1


def test_studies_that_cannot_do_price_ranges_are_left_out_or_told(
    factory: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = factory.case(plans={"plus": {"price": {"least": 18, "most": 22}}}, mix={"enterprise_share": [0.4]})
    path, excel = str(factory.write(tmp_path, factory.market(), case)), tmp_path / "r.xlsx"
    assert main(["run", path, "--excel", str(excel)]) == 0
    assert "range" not in capsys.readouterr().err
    sheets = openpyxl.load_workbook(excel).sheetnames
    assert "Frontier" not in sheets and "Price responses" in sheets
    assert main(["run", path, "--excel", str(excel), "--with", "frontier"]) == 0
    assert "--with frontier: the case gives prices as ranges" in capsys.readouterr().err
