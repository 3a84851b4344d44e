"""The test worth running next, on the small market: what is proposed, what it is worth, how it is told."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from optimizer import robust_case
from optimizer.execution.executor import SerialExecutor
from optimizer.io.plain import dumps
from optimizer.model.case_model import prepare_case
from optimizer.report.pages import page
from optimizer.report.pieces import told
from optimizer.studies.robust_menus import levers_of
from optimizer.studies.robust_tests import proposals
from optimizer.studies.robust_told import refusal_in_words, robust_document, robust_sections, robust_tables
from optimizer.studies.sections import Section, TextTable
from tests.support.uncertain import uncertain_market

DRAWS = 40
FRESH = 4
TOLD = ("largest regret", "meets the conditions")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, factory: Any) -> Path:
    condition = [{"figure": "customers", "at_least": 0.8, "relative_to": "today", "in": 0.9}]
    found: Path = factory.write(
        tmp_path_factory.mktemp("tests"), uncertain_market(), factory.case(conditions=condition)
    )
    return found


@pytest.fixture(scope="module")
def answer(path: Path) -> Any:
    return robust_case(path, draws=DRAWS, seed=3, fresh=FRESH, executor=SerialExecutor())


def test_proposals_move_one_lever_to_its_ends(path: Path) -> None:
    m = prepare_case(path)
    found = proposals(m)
    assert found
    for one in found:
        stated = m.calibrated.prepared.today_menu()[one.plan]
        assert one.terms != stated and one.today != one.other, one
    by_lever: dict[tuple[str, str], int] = {}
    for one in found:
        by_lever[one.plan, one.lever] = by_lever.get((one.plan, one.lever), 0) + 1
    assert all(count <= 2 for count in by_lever.values())
    assert ("plus", "price") in by_lever


def test_worth_is_bounded_by_what_it_would_tell(answer: Any) -> None:
    """Test <= its take-up known exactly <= everything known among the same menus, within the noise of regressions."""
    x, w = answer.experiments, answer.worth
    assert x.ranked
    for e in x.ranked:
        noise = 0.02 * w.among
        assert 0.0 <= e.value <= e.known + noise <= w.among + 2.0 * noise, e
        assert e.visitors in dict(e.by_size)
        assert dict(e.by_size)[e.visitors] == e.value
        assert 0.0 <= e.changes <= 1.0
        assert all(0.0 < move.probability <= e.changes + 1e-9 for move in e.moves)
        assert (e.changes > 0.0) == bool(e.moves)
        assert e.months <= 3.0 + 1e-9
        assert 0.0 < e.ratio.p10 <= e.ratio.p90
    assert x.null <= x.null_most
    assert x.control <= max(x.null_most, x.ranked[0].value)
    assert w.numbers[0].value <= w.among * 1.02
    assert len({(e.plan, e.lever) for e in x.ranked}) == len(x.ranked)


def test_dearer_is_taken_up_less(answer: Any) -> None:
    prices = [e for e in answer.experiments.ranked if e.lever == "price" and e.today != "not offered"]
    assert prices
    for e in prices:
        assert (float(e.other) > float(e.today)) == (e.ratio.p50 < 1.0), e


def test_document_and_tables(answer: Any) -> None:
    document = json.loads(dumps(robust_document(answer)))
    first = document["experiments"]["ranked"][0]
    assert {"plan", "lever", "today", "other", "visitors_an_arm", "value", "value_of_take_up", "cost_usd"} <= set(first)
    assert document["worth"]["perfect_among_candidates"] == pytest.approx(answer.worth.among)
    sheets = {table.title for table in robust_tables(answer)}
    assert {"Worth knowing", "Worth testing"} <= sheets


def test_a_terminal_of_eighty_columns_has_all_of_it(answer: Any) -> None:
    from rich.console import Console

    console = Console(width=80, record=True, file=io.StringIO())
    console.print(page(robust_sections(answer)))
    text = console.export_text()
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
    for words in ("What to measure first", "What to test next", "Menus side by side", "fresh draws", "(proven)",
                  "control (an unrelated number)", "Unrelated tests show", "no menu does better"):  # fmt: skip
        assert words in text, words
    assert "…" not in text


def side_by_side(sections: tuple[Section, ...]) -> TextTable:
    return next(b for b in sections[0].blocks if isinstance(b, TextTable) and told(b.title).startswith("Menus side"))


def test_menus_stand_side_by_side_where_they_differ(answer: Any) -> None:
    shown = side_by_side(robust_sections(answer))
    heads = [told(h.content) for h in shown.headings]
    assert heads[:2] == ["best for", "average (answer)"] and {"middle values", "worst tail", "regret"} <= set(heads)
    rows = {told(row[0]): [told(cell) for cell in row[1:]] for row in shown.rows}  # type: ignore[arg-type]
    assert rows["meets the conditions"][0] == "yes"
    assert {f"mean in {DRAWS} draws (proven)", f"mean in {FRESH} fresh draws", "largest regret"} <= set(rows)
    terms = {key: cells for key, cells in rows.items() if "draws" not in key and key not in TOLD}
    assert all(len(set(cells)) > 1 for cells in terms.values())
    differ = {lever[:2] for menu in answer.menus for lever in levers_of(menu.document)
              if any(lever not in levers_of(other.document) for other in answer.menus)}  # fmt: skip
    assert len(terms) == len(differ)


def test_a_stop_leaves_tests_out(path: Path, answer: Any) -> None:
    stopped = robust_case(path, draws=answer.draws, fresh=0, cancelled=lambda: True, executor=SerialExecutor())
    assert stopped.experiments is None and stopped.worth is None
    assert robust_document(stopped)["experiments"] is None


def test_refusals_in_words() -> None:
    told_so = refusal_in_words("calibration-retention: today.plans.api.renewal_rate")
    assert (
        told_so == "the reported retention or renewal cannot be had with these numbers (today.plans.api.renewal_rate)"
    )
    assert refusal_in_words("free_share of total is not given back") == "free_share of total is not given back"


def test_report_has_the_range_beside_the_number(path: Path, answer: Any) -> None:
    """Of the answer's own menu, before anything else is told; proven and fresh draws apart."""
    from optimizer.report.html import report_html
    from optimizer.studies.robust import answer_at_middle_values

    text = report_html(answer_at_middle_values(prepare_case(path), answer), robust=answer)
    header = text[text.index("<header>") : text.index("</header>")]
    for words in (f"This menu is best on average over {DRAWS} draws", f"In the {DRAWS} draws of the proof it brings",
                  f"On {FRESH} fresh draws it brings", f"Proven best for these {DRAWS} draws",
                  "Menus side by side", "in eight of ten"):  # fmt: skip
        assert words in header, words
    assert header.index("in eight of ten") < header.index("Menus side by side")
    assert "What to test next" in text[text.index("</header>") :]
    assert text.count("Menus side by side") == 1


def test_the_command_writes_a_report_of_its_own(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from optimizer.cli.main import main

    page_file = tmp_path / "robust.html"
    asked = ["robust", str(path), "--draws", "3", "--fresh", "0", "--alone", "--html", str(page_file), "--json"]
    assert main(asked) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["verdict"] == "proved" and f"saved to {page_file}" in err
    header = page_file.read_text(encoding="utf-8").split("</header>")[0]
    assert "Proven best for these 3 draws" in header and "In the 3 draws of the proof it brings" in header
