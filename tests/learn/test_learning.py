"""From a company's tables to a market that loads: what is known of it, what is written, what is told."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from optimizer.errors import InputError
from optimizer.inputs.load import load_case
from optimizer.learn.market import FitOptions, learn_market
from optimizer.learn.results import IDENTIFIED, LearnedMarket, learned_document
from optimizer.learn.simulate import simulate, table_files_of
from optimizer.learn.stats import ArmCount, PlanCount, Stats
from optimizer.learn.truth import draw_truth
from optimizer.learn.worlds import MarketWorld, requests_wanted, spread_of_wishes
from optimizer.market.check import quantities
from optimizer.market.evaluate import evaluate_menu
from optimizer.model.case_model import check_case, prepare_case, vary
from optimizer.report.learning import learned_html, learned_sections
from optimizer.report.pages import page
from optimizer.uncertainty.case_draws import varied_draw
from optimizer.uncertainty.draws_file import read_draws

CASE, SEED = "assistant-startup-margin", 2


def told_by(folder: Path, customers: int, days: int) -> dict[str, float]:
    """The tables of a simulated company, written to a folder; its truth."""
    made = simulate(CASE, customers, days, SEED)
    folder.mkdir(parents=True)
    for name, content in table_files_of(made).items():
        (folder / name).write_text(str(content))
    return {t.path: t.value for t in made.truth}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> LearnedMarket:
    folder = tmp_path_factory.mktemp("company")
    truth = told_by(folder / "tables", 3000, 28)
    options = FitOptions(draws=2, worlds=1, sampled=truth["simulated.scale"], out=folder / "learned")
    return learn_market(folder / "tables", CASE, options)


@pytest.mark.full
def test_usage_is_found_within_five_percent(tmp_path: Path) -> None:
    """Of the segment with eight thousand customers: what a log tells without the market's form between."""
    truth = told_by(tmp_path / "tables", 8000, 90)
    options = FitOptions(worlds=0, sampled=truth["simulated.scale"])
    learned = learn_market(tmp_path / "tables", CASE, options)
    usage = [f"segments.individuals.usage.{name}" for name in ("active_days", "window_sigmas.day")]
    for path in (*usage, "ai_models.large.input_tokens", "ai_models.large.output_tokens"):
        assert learned.number(path).value == pytest.approx(truth[path], rel=0.05), f"{path}, seed {SEED}"
    # of wishes the log tells those of a plan's customers; those of all who could be customers hang on who becomes one
    true = MarketWorld(
        vary(prepare_case(CASE), {t.path: t.value for t in draw_truth(CASE, SEED).numbers if t.low != t.high})
    )
    for name, figure in (("requests", requests_wanted), ("sigma", spread_of_wishes)):
        (seen,) = [f for f in learned.figures if f.about == f"{name} of individuals on free"]
        near = 0.05 if name == "requests" else 2.0 * seen.error  # a wide spread comes out low: wishes are no lognormal
        assert near < 0.1
        assert seen.observed == pytest.approx(figure("individuals", "free", true), rel=near), f"{name}, seed {SEED}"
        number = learned.number(f"segments.individuals.usage.{name}")
        assert number.low <= truth[number.path] <= number.high, f"{name}, seed {SEED}"


def test_figures_are_those_of_the_truth(learned: LearnedMarket) -> None:
    """What the simulated customers do is what the evaluator says of the true market."""
    truth = draw_truth(CASE, SEED).calibrated.prepared
    today, pop = evaluate_menu(truth, truth.today_menu()), truth.population
    for plan, near in (("free", 0.1), ("plus", 0.3)):  # a hundred customers are on plus
        held = today.customers[:, today.plans.index(plan)]
        wanted = float(held @ pop.requests[pop.cell]) / float(held.sum())
        (figure,) = [f for f in learned.figures if f.about == f"requests of individuals on {plan}"]
        assert figure.observed == pytest.approx(wanted, rel=near), f"{plan}, seed {SEED}"
    assert all(abs(f.deviations) < 4.0 for f in learned.figures) and len(learned.figures) > 35


def test_what_no_table_speaks_of_stays(learned: LearnedMarket) -> None:
    before = quantities(load_case(CASE).market)
    silent = [n for n in learned.numbers if not n.table and n.learned < 0.02]
    assert len(silent) > 40
    for n in silent:
        assert (n.low, n.high) == pytest.approx((before[n.path].low, before[n.path].high), rel=0.02), n.path
    by_form = [n.path for n in learned.identified if n.by_form]
    assert "segments.individuals.potential" in by_form  # nobody counted the market: what is known of it is inferred
    assert not learned.number("segments.individuals.usage.sigma").by_form
    assert min(n.learned for n in learned.numbers) >= 0.0 and max(n.learned for n in learned.numbers) < 1.0


def test_the_folder_loads_and_gives_the_counts_back(learned: LearnedMarket) -> None:
    assert learned.saved is not None
    findings = check_case(learned.saved)
    assert not [f for f in findings if f.severity == "error"]
    m = prepare_case(learned.saved)
    market = m.inputs.market
    for path, value in learned.known.items():
        assert quantities(market)[path].value == pytest.approx(value, rel=1e-8)
        assert quantities(market)[path].source == "learned-subscriptions"
    for n in learned.numbers:
        q = quantities(market)[n.path]
        assert q.value == pytest.approx(n.value, rel=1e-8), n.path
        if n.learned >= IDENTIFIED:
            assert (q.source, q.assumption) == (f"learned-{n.table.replace(' ', '-')}", None)
            assert (q.low, q.high) == pytest.approx((n.low, n.high), rel=1e-8)
        else:
            assert q.assumption and q.source is None
    # the figures of the market written are those of the market fitted
    for figure in ("revenue", "serving_cost", "contribution_margin"):
        assert m.today.figure(figure) == pytest.approx(learned.case_model.today.figure(figure), rel=1e-6)


def test_comments_of_the_market_stay(learned: LearnedMarket) -> None:
    assert learned.saved is not None
    text = (learned.saved.parents[1] / "models" / "assistant-startup" / "market.yaml").read_text()
    assert "# How finely customers are told apart." in text and "learned-usage:" in text


def test_draws_are_read_and_have_markets(learned: LearnedMarket) -> None:
    assert learned.saved is not None and learned.draws is not None
    m = prepare_case(learned.saved)
    draws = read_draws(learned.saved.parents[1] / "draws.csv", m)
    assert draws.count == 2 and set(draws.paths) == {n.path for n in learned.numbers}
    for k in range(2):
        assert varied_draw(m, draws, k).today.figure("customers") == pytest.approx(m.today.figure("customers"))
    with open(learned.saved.parents[1] / "draws.csv", newline="") as stream:
        assert next(csv.reader(stream)) == ["path", "unit", "1", "2"]


def test_the_next_test(learned: LearnedMarket) -> None:
    plans = {t.plan: t for t in learned.next_tests}
    assert set(plans) == {"plus", "team"} and plans["plus"].other_price == 9.0
    assert plans["plus"].visitors * plans["plus"].take_up == pytest.approx(plans["plus"].sign_ups)
    assert plans["plus"].sign_ups > 100.0  # a test of eight thousand visitors did not suffice
    for r in learned.responses:
        assert r.value < 0.0 and 0.0 <= r.learned < 1.0 and r.spread <= r.before_spread


def test_it_is_told(learned: LearnedMarket) -> None:
    out = Console(width=200, file=io.StringIO())
    out.print(page(learned_sections(learned)))
    told = out.file.getvalue()  # type: ignore[attr-defined]
    for word in ("What was learned", "Not identified", "Observed against fitted", "What to measure next", "usage"):
        assert word in told, word
    text = learned_html(learned)
    assert text.count("<section id=") == len(learned_sections(learned)) and "<script" not in text
    document = learned_document(learned)
    assert len(document["numbers"]) == len(learned.numbers) and document["draws"] == 2


def test_an_earlier_folder_is_not_overwritten(learned: LearnedMarket) -> None:
    assert learned.saved is not None
    out = learned.saved.parents[1]
    arm = ArmCount("a", "individuals", 900, "new", "", "free", 90, 1.0)
    with pytest.raises(InputError, match="exists already"):
        learn_market(Stats({}, experiments=(arm,)), CASE, FitOptions(worlds=0, out=out))


def test_tables_of_another_market() -> None:
    with pytest.raises(InputError, match="nothing in the statistics"):
        learn_market(Stats({}), CASE)
    plans = (PlanCount("individuals", "free", "month", 9_000_000, 9_000_000, 0.0, 0),)
    arm = ArmCount("a", "individuals", 900, "new", "", "free", 90, 1.0)
    with pytest.raises(InputError, match="cannot have the customers of the tables"):
        learn_market(Stats({}, plans=plans, experiments=(arm,)), CASE)


@pytest.mark.parametrize(
    "options",
    [{"draws": -1}, {"worlds": 2000}, {"seed": -1}, {"discrepancy": 2.0}, {"sampled": 0.0}, {"without": ("x",)}],
)
def test_wrong_arguments(options: dict[str, float]) -> None:
    arm = ArmCount("a", "individuals", 900, "new", "", "free", 90, 1.0)
    with pytest.raises(InputError):
        learn_market(Stats({}, experiments=(arm,)), CASE, FitOptions(**options))  # type: ignore[arg-type]
