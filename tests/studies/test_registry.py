"""A study is one file: verb, word, sheet, tables and sections of a study that a test writes come from it alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from optimizer import studies as room
from optimizer.answer.run import solve_case
from optimizer.cli.main import main
from optimizer.errors import InputError
from optimizer.report.html import report_html
from optimizer.report.tables import write_tables
from optimizer.studies import study as registry

CASE = "assistant-startup-margin"
TOY = '''
"""What one more customer is worth."""

from dataclasses import dataclass
from typing import Any

from optimizer.studies.sections import FigureName, Heading, Section, Value, say, text_table, words
from optimizer.studies.study import Option, Setup, Study, register
from optimizer.studies.tables import Table, table


@dataclass(frozen=True)
class Worth:
    margin: float
    customers: float
    times: float
    seconds: float = 0.0


@register
class WorthStudy(Study[Worth]):
    verb = "worth"
    word = "worthiness"
    help = "What a customer is worth, several times over."
    place = 9
    results = (Worth,)
    in_report = False
    options = (Option("times", "--times", float, 2.0, "How many customers.", least=0.0, in_report=3.0),)

    def run(self, setup: Setup) -> Worth:
        answer = setup.answer()
        return Worth(answer.figure("contribution_margin"), answer.figure("customers"), setup.options["times"])

    def document(self, result: Worth) -> dict[str, Any]:
        return {"schema_version": 1, "worth": result.times * result.margin / result.customers}

    def tables(self, result: Worth) -> tuple[Table, ...]:
        worth = result.times * result.margin / result.customers
        return (table("Worth", {"times": "", "worth": "usd/month"}, [(result.times, worth)]),)

    def sections(self, result: Worth, solution: Any = None) -> tuple[Section, ...]:
        worth = Value(result.times * result.margin / result.customers, "usd/month")
        shown = text_table([words("customers"), Heading("worth", "usd/month")], [("so many", worth)])
        margin = Value(result.margin, "usd/month")
        lead = say("{figure} is {margin}.", figure=FigureName("contribution_margin"), margin=margin)
        return (Section("What customers are worth", (shown,), (lead,)),)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The room of studies with one more file in it."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "worth.py").write_text(TOY, encoding="utf-8")
    registry.studies()  # those that are here register once
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path / "room")])
    yield
    sys.modules.pop("optimizer.studies.worth", None)


@pytest.fixture(scope="module")
def worth() -> float:
    """Contribution a customer, by the answer itself."""
    answer = solve_case(CASE)
    return answer.figure("contribution_margin") / answer.figure("customers")


def test_it_is_a_command(toy: None, worth: float, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "What a customer is worth" in capsys.readouterr().out
    assert main(["worth", "--help"]) == 0
    assert "--times" in capsys.readouterr().out
    assert main(["worth", CASE, "--times", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["worth"] == pytest.approx(5 * worth, rel=1e-12)
    assert main(["worth", CASE, "--times", "-1", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["status"] == "bad_input"
    assert main(["worth", CASE]) == 0
    page = capsys.readouterr().out
    assert "What customers are worth" in page and "Contribution margin is 101 k usd." in page
    assert f"{2 * worth:.3g}" in page


def test_out_saves_its_document(toy: None, worth: float, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["worth", CASE, "--out", str(tmp_path / "out")]) == 0
    saved = json.loads((tmp_path / "out" / "worthiness.json").read_text(encoding="utf-8"))
    assert saved["worth"] == pytest.approx(2 * worth, rel=1e-12)
    capsys.readouterr()


def test_with_names_it_in_every_file(
    toy: None, worth: float, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["run", "--help"]) == 0
    assert "worthiness" in " ".join(capsys.readouterr().out.split())
    html, excel, parquet = tmp_path / "r.html", tmp_path / "r.xlsx", tmp_path / "tables"
    files = ["--html", str(html), "--excel", str(excel), "--parquet", str(parquet), "--with", "worthiness"]
    assert main(["run", CASE, *files, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["verdict"] == "proved" and "study: worthiness" in printed.err
    # in a report it counts three customers
    sheet = openpyxl.load_workbook(excel)["Worth"]
    assert [cell.value for cell in sheet[1]] == ["times", "worth [usd/month]"]
    assert sheet["B2"].value == pytest.approx(3 * worth, rel=1e-12)
    frame = pd.read_parquet(parquet / "worth.parquet")
    assert frame["worth_usd_per_month"][0] == pytest.approx(3 * worth, rel=1e-12)
    text = html.read_text(encoding="utf-8")
    assert "<h2>What customers are worth</h2>" in text and f"<span>{3 * worth:.3g}</span>" in text


def test_its_result_goes_into_tables_and_reports(toy: None, worth: float, tmp_path: Path) -> None:
    study = next(s for s in registry.studies() if s.verb == "worth")
    answer = solve_case(CASE)
    (kind,) = study.results
    result = kind(answer.figure("contribution_margin"), answer.figure("customers"), 1.0)
    assert registry.study_of(result) is study
    names = write_tables(tmp_path / "out", answer, any_name=result)
    assert "worth.csv" in names
    assert pd.read_csv(tmp_path / "out" / "worth.csv")["worth_usd_per_month"][0] == pytest.approx(worth, rel=1e-12)
    assert "What customers are worth" in report_html(answer, any_name=result)
    assert "What customers are worth" not in report_html(answer)


def test_without_the_file_nothing_knows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worth", CASE]) == 2
    with pytest.raises(InputError, match="explanation, frontier, rivals, robust, scenarios, tornado, or none"):
        registry.asked_studies("worthiness")
    capsys.readouterr()


def test_the_studies() -> None:
    known = {s.verb: s.word for s in registry.studies()}
    assert known == {
        "frontier": "frontier", "compare": "scenarios", "sensitivity": "tornado", "explain": "explanation",
        "rivals": "rivals", "robust": "robust",
    }  # fmt: skip
    assert {s.word for s in registry.asked_studies(None)} == {"frontier", "scenarios", "explanation"}
    assert registry.asked_studies("none") == ()
    for study in registry.studies():
        assert study.help.endswith(".") and study.results, study.verb
        for option in study.options:
            assert option.help and option.flag.startswith("--"), (study.verb, option.name)
        assert set(study.defaults()) == {option.name for option in study.options}


def test_one_name_is_one_study() -> None:
    registry.studies()
    with pytest.raises(ValueError, match="have one name"):

        @registry.register
        class Another(registry.Study[int]):
            verb = "another"
            word = "tornado"
            help = "Nothing."
            place = 1
            results = (int,)

            def run(self, setup: Any) -> int:
                return 0

            def document(self, result: int) -> dict[str, Any]:
                return {}

            def tables(self, result: int) -> tuple[Any, ...]:
                return ()

            def sections(self, result: int, solution: Any = None) -> tuple[Any, ...]:
                return ()

    assert "another" not in registry._registered


def test_results_of_no_study_are_refused() -> None:
    with pytest.raises(LookupError, match="no study returns a str"):
        registry.study_of("nothing")


def test_listing_studies_imports_nothing_heavy() -> None:
    code = (
        "import sys; from optimizer.studies.study import studies; print(len(studies())); "
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'numpy', 'pandas', 'pydantic', 'scipy', 'pyomo', 'highspy', 'ruamel', 'rich', 'altair', 'openpyxl'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["6", "[]"]
