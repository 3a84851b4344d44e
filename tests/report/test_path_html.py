"""The page and the terminal of an answer over months."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from optimizer.answer.path import PathSolution
from optimizer.answer.path_solving import solve_path
from optimizer.answer.views import drawn
from optimizer.cli.main import main
from optimizer.optimise.outcome import Settings
from optimizer.report import charts
from optimizer.report.path_html import path_html, path_sections
from optimizer.report.path_text import show_path
from tests.support.market_factory import q, write
from tests.support.path_cases import path_case, path_market, path_model

STATED = {
    "stages": [1, 4],
    "worlds": [{"month": 3, "title": "A <war>", "set": {"alternatives.rival.price": {"times": 0.6}}}],
    "cash": {"have": q(300_000.0, "usd"), "spend": q(550_000.0, "usd/month")},
}
ASKED = [{"figure": "customers", "at_least": 0.95, "relative_to": "today", "at": [6]}]


@pytest.fixture(scope="module")
def solved() -> PathSolution:
    return solve_path(path_model(path_market(habit=True), path_case(STATED, conditions=ASKED)), Settings())


def test_the_page_tells_all_sections_and_asks_nothing_of_the_network(solved: PathSolution) -> None:
    page = path_html(solved)
    titles = [re.sub("<[^>]*>", "", found) for found in re.findall("<h2>(.*?)</h2>", page[: page.index("</main>")])]
    assert titles == [str(section.title) for section in path_sections(solved)]
    assert {
        "Menus by stage",
        "The margin from quarter to quarter",
        "Cash",
        "Conditions",
        "What changes meanwhile",
    } <= set(titles)
    assert "A &lt;war&gt;" in page and "<war>" not in page
    assert not re.findall(r"(?:src|href)=\"https?:", page)


@pytest.mark.parametrize("name", ["", "figure", "menus", "bridge"])
def test_charts_hold_the_path(solved: PathSolution, name: str) -> None:
    assert charts.months_chart is not None
    found = drawn(solved, name, width=500).to_dict()
    values = next(iter(found["datasets"].values())) if "datasets" in found else found["data"]["values"]
    if name == "figure":
        path = [row["value"] for row in values if row["who"] == "this path"]
        assert path == pytest.approx(solved.series("contribution_margin"))
    elif name == "bridge":
        rows = [row for own in found["datasets"].values() for row in own]
        series = solved.series("contribution_margin")
        change = (sum(series[3:6]) - sum(series[:3])) / 3
        own = [row["value"] for row in rows if row["quarter"] == "4 to 6"]
        parts = [row["value"] for row in rows if row["quarter"] == "4 to 6" and "part" in row]
        assert len(own) == len(parts) + 1 and {row["quarter"] for row in rows} == {"1 to 3", "4 to 6"}
        assert sum(parts) == pytest.approx(change) == sum(own) / 2
    elif name == "":
        by_month = [sum(row["value"] for row in values if row["month"] == t) for t in range(1, 7)]
        assert by_month == pytest.approx(solved.series("customers"))
    else:
        assert {row["from"] for row in values} == {1, 4}


def test_the_terminal_page(solved: PathSolution) -> None:
    text = io.StringIO()
    show_path(Console(file=text, width=200, markup=False), solved)
    told = text.getvalue()
    assert "From month 1:" in told and "Menus by stage" in told and "cash, end of month" in told
    assert "Proven within" in told and "A <war>" in told
    assert f"{solved.conditions[0].name}" in told


def test_the_command_writes_and_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = str(write(tmp_path, path_market(), path_case({"stages": [1, 4]})))
    out, page = tmp_path / "out", tmp_path / "page.html"
    assert main(["run", case, "--out", str(out), "--html", str(page), "--json"]) == 0
    assert '"kind": "path"' in capsys.readouterr().out and page.stat().st_size > 100_000
    assert main(["verify", str(out)]) == 0
    assert main(["evaluate", case, "--json"]) == 0
    assert '"verdict": "evaluated"' in capsys.readouterr().out
    assert main(["run", case, "--excel", str(tmp_path / "x.xlsx")]) == 0
    assert (tmp_path / "x.xlsx").stat().st_size > 5_000
    capsys.readouterr()
    for arguments in (["run", case, "--parquet", str(tmp_path / "x")], ["explain", case], ["rivals", case]):
        assert main(arguments) == 2
        assert "over months" in capsys.readouterr().err
