"""Statistics as figures of a market: every table by hand, and what is not in the market told."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.learn.compared import TableFigure
from optimizer.learn.readings import Readings, readings
from optimizer.learn.stats import (
    Activity,
    AnswerCount,
    ArmCount,
    Exposure,
    Flow,
    HourCount,
    PlanCount,
    RivalCount,
    Stats,
    SwitchCount,
    Taste,
    TokenPrice,
    TokenTotals,
)
from optimizer.learn.worlds import MarketWorld
from optimizer.market.evaluate import evaluate_menu
from optimizer.model.case_model import CaseModel, prepare_case, vary

PEOPLE = "individuals"


@pytest.fixture(scope="module")
def m() -> CaseModel:
    return prepare_case("assistant-startup-margin")


def read(m: CaseModel, stats: Stats, sampled: float = 1.0) -> Readings:
    return readings(stats, m.inputs, m.today.prepared, sampled)


def only(m: CaseModel, stats: Stats) -> TableFigure:
    (found,) = read(m, stats).figures
    return found


def types_of(m: CaseModel, segment: str) -> list[int]:
    pop = m.today.prepared.population
    return [i for i in range(pop.size) if pop.segments[pop.segment[i]] == segment]


def test_counts_are_taken_over(m: CaseModel) -> None:
    ways = (("month", 300), ("year", 100))
    plans = tuple(PlanCount(PEOPLE, "plus", billing, n, n, 1e3, 0) for billing, n in ways)
    found = read(m, Stats({}, plans=plans), 0.1)
    assert found.known == {"today.plans.plus.customers": 4000.0}
    (share,) = found.figures
    assert (share.observed, share.n, share.direct) == (0.25, 400.0, True)
    assert share.predicted(MarketWorld(m)) == 0.3  # as the template says


def test_counts_by_segment() -> None:
    """Of segments with too few customers to be shown somebody is left; where others are counted nobody is added."""
    m = prepare_case("anthropic-2025-margin", strict=False)
    stated = m.inputs.market.today.plans["pro"].by_segment
    assert list(stated) == ["coders"]
    others = [s for s in m.inputs.market.plans["pro"].segments if s != "coders"]
    alone = (PlanCount("coders", "pro", "month", 40, 40, 800.0, 0),)
    assert read(m, Stats({}, plans=alone), 0.5).known == {
        "today.plans.pro.customers": (40.0 + 2.0 * len(others)) / 0.5, "today.plans.pro.by_segment.coders": 80.0
    }  # fmt: skip
    both = (*alone, PlanCount(others[0], "pro", "month", 60, 60, 1200.0, 0))
    assert read(m, Stats({}, plans=both)).known["today.plans.pro.customers"] == 100.0


def test_a_way_of_paying_that_few_have_is_not_told(m: CaseModel) -> None:
    assert read(m, Stats({}, plans=(PlanCount(PEOPLE, "plus", "month", 300, 300, 3600.0, 0),))).figures == ()


def test_who_leaves_for_what(m: CaseModel) -> None:
    """Those of few are the only way that is left; a rate is the mean of d P over the plan's customers."""
    flows = (Flow(PEOPLE, "plus", "ended", "free", 60), Flow(PEOPLE, "plus", "ended", "(few)", 6),
             Flow(PEOPLE, "plus", "started", "free", 50))  # fmt: skip
    found = read(m, Stats({}, flows=flows, exposure=(Exposure(PEOPLE, "plus", 400, 1200.0),))).figures
    assert [(f.about, f.observed) for f in found] == [
        ("rate of going from plus to free, individuals", 0.05),
        ("rate of going from plus to none, individuals", 0.005),
    ]
    e = m.today
    j, k = e.plans.index("plus"), e.plans.index("free")
    to_free = to_none = held = 0.0
    for i in types_of(m, PEOPLE):
        whole = e.attraction[i].sum() + m.today.prepared.outside_attraction[i]
        going = e.customers[i, j] * e.decision_rates[i, j]
        to_free += going * e.attraction[i, k] / whole
        to_none += going * m.today.prepared.outside_attraction[i] / whole
        held += e.customers[i, j]
    told = [f.predicted(MarketWorld(m)) for f in found]
    assert told == pytest.approx([to_free / held, to_none / held])
    two_ways = read(m, Stats({}, flows=flows[1:2], exposure=(Exposure(PEOPLE, "plus", 400, 1200.0),)))
    assert two_ways.figures == ()  # of six nobody knows which way they went


def test_what_an_arm_took(m: CaseModel) -> None:
    """Short run: choices of those reached, constants as they were, nobody's stock moved."""
    arms = (ArmCount("cheap", PEOPLE, 2000, "new", "plans.plus.price=9", "plus", 30, 1.0),
            ArmCount("as it was", PEOPLE, 2000, "new", None, "plus", 20, 1.0),
            ArmCount("as it was", PEOPLE, 2000, "new", None, "free", None, 1.0))  # fmt: skip
    found = read(m, Stats({}, experiments=arms)).figures
    assert [(f.table, f.observed, f.n, f.factor) for f in found] == [
        ("price test", 0.015, 2000.0, "sign_up.individuals"), ("price test", 0.01, 2000.0, "sign_up.individuals")
    ]  # fmt: skip
    prepared = m.today.prepared
    for figure, price in zip(found, (9.0, 12.0), strict=True):
        menu = {**prepared.today_menu(), "plus": replace(prepared.terms["plus"], price=price)}
        e = evaluate_menu(prepared, menu)
        rows = types_of(m, PEOPLE)
        weight = np.array([e.base[i] for i in rows])
        share = [e.attraction[i, 1] / (e.attraction[i].sum() + prepared.outside_attraction[i]) for i in rows]
        assert e.plans[1] == "plus"
        assert figure.predicted(MarketWorld(m)) == pytest.approx(float(weight @ share / weight.sum()))


def test_where_holders_are_after_a_test(m: CaseModel) -> None:
    arms = tuple(
        ArmCount("tight", PEOPLE, 500, "free", "plans.free.allowances.large.day=6", plan, count, 2.0)
        for plan, count in (("free", 400), ("plus", 10))
    )
    stay, go = (f.predicted(MarketWorld(m)) for f in read(m, Stats({}, experiments=arms)).figures)
    base = tuple(ArmCount("tight", PEOPLE, 500, "free", "", plan, 9, 2.0) for plan in ("free", "plus"))
    stayed, went = (f.predicted(MarketWorld(m)) for f in read(m, Stats({}, experiments=base)).figures)
    assert read(m, Stats({}, experiments=arms)).figures[0].table == "cap test"
    assert 0.5 < stay < stayed < 1.0 and went < go < 0.1  # a tighter limit makes more of them go, some to Plus
    e = m.today
    j = e.plans.index("free")
    held = sum(e.customers[i, j] for i in types_of(m, PEOPLE))
    by_hand = sum(e.customers[i, j] * math.exp(-2.0 * e.leaving[i, j]) for i in types_of(m, PEOPLE)) / held
    assert stayed == pytest.approx(by_hand)


def test_second_choices(m: CaseModel) -> None:
    """All destinations of those who could not have Plus add up; variants of it are taken first."""
    names = ("free", "big_free", "big_plus", "nothing", "team", "api", "big_team", "open_weights")
    stats = Stats({}, switching=tuple(SwitchCount("plus", to, "all", None, 0.125, 200) for to in names))
    told = {f.about.split()[0]: f.predicted(MarketWorld(m)) for f in read(m, stats).figures}
    assert sum(told.values()) == pytest.approx(1.0) and told["team"] == 0.0
    alike = MarketWorld(vary(m, {"nests.own.dissimilarity": 0.4}))
    assert read(m, stats).figures[0].predicted(alike) > told["free"]
    counted = tuple(SwitchCount("plus", to, PEOPLE, n, None, None) for to, n in (("free", 30), ("nothing", 10)))
    found = read(m, Stats({}, switching=counted)).figures
    assert [(f.observed, f.n) for f in found] == [(0.75, 40.0), (0.25, 40.0)]


def test_a_market_study(m: CaseModel) -> None:
    rows = (RivalCount("big_free", PEOPLE, None, 0.4, 500), RivalCount("big_plus", "all", 90_000, None, None),
            RivalCount("unheard-of", "all", 5, None, None))  # fmt: skip
    found = read(m, Stats({}, rivals=rows))
    share, count = found.figures
    assert share.predicted(MarketWorld(m)) == pytest.approx(1.2e6 / 3e6)  # today's counts are given back
    assert count.kind == "log" and count.predicted(MarketWorld(m)) == pytest.approx(90_000)
    assert ["'unheard-of'" in f.message for f in found.findings] == [True]


def test_a_survey(m: CaseModel) -> None:
    rows = (
        AnswerCount("reached", "yes", PEOPLE, 100, None, 1000),
        AnswerCount("reached", "no", PEOPLE, 900, None, 1000),
        AnswerCount("referred", "yes", PEOPLE, None, 0.3, 500),
        AnswerCount("happy?", "yes", "all", 5, None, 9),
    )
    found = read(m, Stats({}, survey=rows))
    reached, referred = found.figures
    # 2 % and what 36,000 usd buy of the other 10 %
    assert reached.predicted(MarketWorld(m)) == pytest.approx(0.02 + 0.1 * (1.0 - math.exp(-36_000 / 50_000)))
    e = m.today
    people = types_of(m, PEOPLE)
    told_by_others = sum(float(e.reached[i] - e.base[i]) for i in people)
    assert referred.predicted(MarketWorld(m)) == pytest.approx(
        told_by_others / sum(float(e.reached[i]) for i in people)
    )
    assert len(found.findings) == 1 and "happy" in found.findings[0].message


def test_tokens_hours_and_tastes(m: CaseModel) -> None:
    totals = (TokenTotals(PEOPLE, "free", "large", 90, 1000, 2_000_000, 500_000, 400_000),
              TokenTotals(PEOPLE, "plus", "large", 10, 1000, 1_000_000, 250_000, 100_000))  # fmt: skip
    found = {f.about: f for f in read(m, Stats({}, totals=totals)).figures}
    assert {about: f.observed for about, f in found.items()} == {
        "input_tokens of large": 1500.0, "output_tokens of large": 250.0, "cached of large": 0.25
    }  # fmt: skip
    assert found["input_tokens of large"].spread == pytest.approx(0.1)  # of a hundred customers
    hours = tuple(HourCount(PEOPLE, "free", h, 50, 10 if h < 8 else 20) for h in range(24))
    seen = Activity(PEOPLE, "free", 50, 4000, 1000, None, None)
    blocks = {f.about: f.observed for f in read(m, Stats({}, hours=hours, activity=(seen,))).figures}
    # day 8 to 18, evening 18 to 1, night 1 to 8 o'clock: 200, 130 and 70 of 400
    assert blocks == pytest.approx(
        {"use at day, individuals": 0.5, "use at evening, individuals": 0.325, "use at night, individuals": 0.175}
    )
    tastes = (Taste("mixed", "price_median", 0.08, 0.012), Taste("logit", "price", -0.08, 0.01))
    taste = only(m, Stats({"surveys": [{"outside_option": True}]}, tastes=tastes))
    assert taste.about == "price_coefficient of individuals" and taste.spread == pytest.approx(math.hypot(0.15, 0.25))
    without = only(m, Stats({"surveys": [{"outside_option": False}]}, tastes=tastes))
    assert without.spread == pytest.approx(math.hypot(0.15, 0.5))


def test_a_survey_of_a_segment_speaks_of_it_alone(m: CaseModel) -> None:
    tastes = tuple(Taste("mixed", "price_median", x, 0.0, s) for x, s in ((0.05, "teams"), (0.3, "all"), (1.0, "pets")))
    surveys = [{"segment": "teams", "outside_option": True}, {"segment": "all", "outside_option": False}]
    found = read(m, Stats({"surveys": surveys}, tastes=tastes))
    assert [(f.about, f.observed, f.spread) for f in found.figures] == [
        ("price_coefficient of individuals", 0.3, 0.5), ("price_coefficient of teams", 0.05, 0.25),
    ]  # fmt: skip
    assert [f.message for f in found.findings] == ["the segment 'pets' is not in the market: not used"]


def test_what_is_unknown_is_told_once(m: CaseModel) -> None:
    arms = tuple(
        ArmCount("a", PEOPLE, 100, "new", changes, plan, 10, 1.0)
        for changes, plan in (("plans.plus.colour=3", "plus"), ("plans.plus.colour=3", "free"))
    )
    units = (("pets", "plus"), (PEOPLE, "gold"), ("teams", "plus"))
    exposure = tuple(Exposure(segment, plan, 50, 100.0) for segment, plan in units)
    found = read(m, Stats({}, experiments=arms, exposure=exposure))
    assert found.figures == ()
    assert [f.message.removesuffix(" is not in the market: not used") for f in found.findings] == [
        "the segment 'pets'", "the plan 'gold'", "the plan 'plus' for the segment 'teams' today",
        "the change 'plans.plus.colour=3' of the arm 'a'",
    ]  # fmt: skip


def test_price_lists(m: CaseModel) -> None:
    """A price for all tokens alike is the mean by tokens: 1,080 read anew, 720 from the cache, 400 written."""
    rows = (TokenPrice("large", "open_weights", 2e-6, 5e-7, 8e-6), TokenPrice("large", "somebody", 1e-6, None, 1e-6),
            TokenPrice("unheard-of", None, 1.0, None, 1.0))  # fmt: skip
    found = read(m, Stats({}, prices=rows))
    by_hand = (1080 * 2.0 + 720 * 0.5 + 400 * 8.0) / 2200
    assert found.known == {"alternatives.open_weights.unit_prices.large": pytest.approx(by_hand)}
    assert ["somebody" in f.message for f in found.findings] == [True]
    own = read(m, Stats({}, prices=(TokenPrice("small", "api", 1e-6, None, 1e-6),)))
    assert own.known == {"plans.api.unit_prices.small": pytest.approx(1.0)}
