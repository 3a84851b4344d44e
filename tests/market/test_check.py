"""Every cross-file check provoked once: its code, where it points, and nothing else."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import pytest

from optimizer.economics.figures import Selection
from optimizer.market.check import check_inputs, quantities
from optimizer.market.credibility import credibility, measured, reported
from optimizer.model.case_model import case_model_of

Data = dict[str, Any]


def n(value: float, unit: str = "1", source: str = "test") -> Data:
    return {"value": value, "unit": unit, "source": source}


UNATTENDED = {"share": n(0.05, "fraction"), "requests": n(3000, "requests/month")}
# (path in the market, what to put there, code, field of the finding)
IN_THE_MARKET = [
    ("plans.plus.price", n(20, "usd/month", "tset"), "unknown-name", "plans.plus.price.source"),
    ("hours.day", n(431, "hours/month"), "sum", "hours"),
    ("segments.pros.usage.hours.day", n(0.6, "fraction"), "sum", "segments.pros.usage.hours"),
    ("segments.pros.usage.hours.noon", n(0, "fraction"), "unknown-name", "segments.pros.usage.hours"),
    ("segments.pros.usage.ai_models.big", n(0.9, "fraction"), "sum", "segments.pros.usage.ai_models"),
    ("segments.pros.usage.ai_models.huge", n(0, "fraction"), "unknown-name", "segments.pros.usage.ai_models"),
    ("segments.pros.price_coefficient", n(0, "utility/usd"), "not-positive", "segments.pros.price_coefficient"),
    ("segments.pros.usage.requests", n(0, "requests/month"), "not-positive", "segments.pros.usage.requests"),
    ("segments.pros.usage.active_days", n(0, "days/month"), "not-positive", "segments.pros.usage.active_days"),
    ("segments.pros.usage.windows_per_day", n(0, "windows/day"), "not-positive", "segments.pros.usage.windows_per_day"),
    ("segments.pros.usage.windows_per_day", n(9, "windows/day"), "range", "segments.pros.usage.windows_per_day"),
    (
        "segments.pros.usage.unattended",
        UNATTENDED | {"requests": n(0, "requests/month")},
        "not-positive",
        "segments.pros.usage.unattended.requests",
    ),
    (
        "segments.pros.usage.unattended",
        UNATTENDED | {"active_days": n(0, "days/month")},
        "not-positive",
        "segments.pros.usage.unattended.active_days",
    ),
    (
        "segments.pros.usage.unattended",
        UNATTENDED | {"windows_per_day": n(9, "windows/day")},
        "range",
        "segments.pros.usage.unattended.windows_per_day",
    ),
    (
        "segments.pros.usage.unattended",
        UNATTENDED | {"share": n(1, "fraction")},
        "range",
        "segments.pros.usage.unattended.share",
    ),
    ("today.usage", {"plans": {"lite": n(9, "requests/month")}}, "unknown-name", "today.usage.plans.lite"),
    ("today.usage", {"segments": {"shops": n(9, "requests/month")}}, "unknown-name", "today.usage.segments.shops"),
    ("today.usage", {"plans": {"plus": n(0, "requests/month")}}, "not-positive", "today.usage.plans.plus"),
    ("today.usage", {"tolerance": 0.0}, "not-positive", "today.usage.tolerance"),
    ("groups", {"price": {"paths": ["segments.*.price_coeficient"]}}, "unknown-path", "groups.price.paths"),
    ("groups", {"price": {"paths": ["segments.*"]}}, "unknown-path", "groups.price.paths"),
    ("ai_models.big.pool", "mian", "unknown-name", "ai_models.big.pool"),
    ("ai_models.big.decode", n(0, "tokens/s/GPU"), "not-positive", "ai_models.big"),
    ("ai_models.big.prefill", n(0, "tokens/s/GPU"), "not-positive", "ai_models.big"),
    ("ai_models.big.pool", None, "not-served", "ai_models.big"),
    ("ai_models.big.decode", None, "missing-throughput", "ai_models.big"),
    ("ai_models.big.quality", n(11), "range", "ai_models.big.quality"),
    ("pools.spot.utilisation", n(0, "fraction"), "not-positive", "pools.spot.utilisation"),
    ("nothing_decision_rate", n(0, "1/month"), "not-positive", "nothing_decision_rate"),
    ("outside_decisions", n(2, "1/month"), "range", "outside_decisions"),
    ("plans.plus.allowances.bgi", {}, "unknown-name", "plans.plus.allowances"),
    ("plans.plus.unit_prices.bgi", n(1, "usd/Mtok"), "unknown-name", "plans.plus.unit_prices"),
    ("plans.plus.fallback", "mega", "unknown-name", "plans.plus.fallback"),
    ("plans.plus.allowances.big.day", n(9, "requests"), "windows", "plans.plus.allowances.big.day"),
    (
        "plans.plus.allowances.big",
        {"3h": n(9, "requests"), "5h": n(9, "requests")},
        "windows",
        "plans.plus.allowances.big.5h",
    ),
    ("plans.plus.fallback_limit.day", n(9, "requests"), "fallback-limit", "plans.plus.fallback_limit"),
    ("plans.api.unit_prices.big", n(8, "usd/month"), "unit", "plans.api.unit_prices.big"),
    ("plans.api.unit_prices.big", n(-8, "usd/Mtok"), "range", "plans.api.unit_prices.big"),
    ("plans.team.segments", ["firms", "shops"], "unknown-name", "plans.team.segments"),
    (
        "plans.plus.decision_rate_by_segment.shops",
        n(0.1, "1/month"),
        "unknown-name",
        "plans.plus.decision_rate_by_segment",
    ),
    ("plans.team.decision_rate", n(0, "1/month"), "not-positive", "plans.team.decision_rate"),
    ("plans.team.decision_rate_least", n(0, "1/month"), "not-positive", "plans.team.decision_rate_least"),
    (
        "plans.plus.decision_rate_by_segment.students",
        n(0, "1/month"),
        "not-positive",
        "plans.plus.decision_rate_by_segment.students",
    ),
    ("plans.team.decision_rate", None, "rate", "plans.team.decision_rate"),
    ("plans.lite.decision_rate", None, "rate", "plans.lite.decision_rate"),
    ("plans.team.leave_rate", n(0.03, "1/month"), "rate", "plans.team.leave_rate"),
    ("plans.lite.leave_rate", n(0.03, "1/month"), "rate", "plans.lite.leave_rate"),
    ("today.plans.team.renewal_rate", n(1, "fraction"), "range", "today.plans.team.renewal_rate"),
    ("today.plans.team.retention_12_months", n(0, "fraction"), "range", "today.plans.team.retention_12_months"),
    (
        "today.plans.team",
        {"customers": n(9, "customers"), "renewal_rate": n(0.9, "fraction"), "retention_12_months": n(0.5, "fraction")},
        "rate",
        "today.plans.team.renewal_rate",
    ),
    ("nests", {"own": {"plans": ["plus", "pro"], "dissimilarity": n(0.5)}}, "unknown-name", "nests.own.plans"),
    ("nests", {"own": {"plans": ["plus"], "dissimilarity": n(0.5)}}, "nest", "nests.own.plans"),
    ("nests", {"own": {"plans": ["plus", "plus"], "dissimilarity": n(0.5)}}, "nest", "nests.own.plans"),
    (
        "nests",
        {name: {"plans": ["plus", other], "dissimilarity": n(0.5)} for name, other in (("a", "lite"), ("b", "free"))},
        "nest",
        "nests.b.plans",
    ),
    ("plans.team.decision_rate_least", n(0.3, "1/month"), "range", "plans.team.decision_rate_least"),
    ("plans.team.decision_rate_most", n(1.5, "1/month"), "range", "plans.team.decision_rate_most"),
    ("plans.team.referral", n(1), "range", "plans.team.referral"),
    ("plans.lite.analogue", None, "analogue", "plans.lite"),
    ("plans.lite.analogue", "pluss", "unknown-name", "plans.lite.analogue"),
    ("alternatives.rival.segments", ["students", "shops"], "unknown-name", "alternatives.rival.segments"),
    ("alternatives.rival.decision_rate", n(0, "1/month"), "not-positive", "alternatives.rival.decision_rate"),
    ("alternatives.rival.fallback", "mega", "unknown-name", "alternatives.rival.fallback"),
    ("finance.fees", {}, "missing-fees", "finance.fees"),
    ("today.plans.pro", {"customers": n(5, "customers")}, "unknown-name", "today.plans"),
    ("today.alternatives.rvial", {}, "unknown-name", "today.alternatives"),
    (
        "today.plans.plus.by_segment",
        {"firms": n(5, "customers")},
        "unknown-name",
        "today.plans.plus.by_segment",
    ),
    ("today.plans.team.customers", n(61_000, "customers"), "counts", "today.plans.team.customers"),
    (
        "today.plans.plus.by_segment",
        {"pros": n(41_000, "customers")},
        "counts",
        "today.plans.plus.by_segment",
    ),
    (
        "today.alternatives.rival.enterprise",
        n(59_000, "customers"),
        "counts",
        "today.alternatives.rival.enterprise",
    ),
    (
        "today.observed",
        [{"figure": "revenue", "value": n(1, "usd/month"), "tolerance": 9.0, "balanced_by": ["plans.*.prise"]}],
        "unknown-path",
        "today.observed.0.balanced_by",
    ),
    (
        "today.observed",
        [
            {
                "figure": "revenue",
                "value": n(1, "usd/month"),
                "tolerance": 9.0,
                "balanced_by": ["today.observed.0.value"],
            }
        ],
        "balanced-by",
        "today.observed.0.balanced_by",
    ),
    (
        "today.observed",
        [{"figure": "revenu", "value": n(1, "usd/month"), "tolerance": 0.1}],
        "unknown-name",
        "today.observed.0.figure",
    ),
    (
        "today.observed",
        [{"figure": "revenue", "value": n(1, "customers"), "tolerance": 0.1}],
        "unit",
        "today.observed.0.value",
    ),
    (
        "today.observed",
        [{"figure": "revenue", "value": n(1, "usd/month"), "tolerance": 0.1, "plan": "pro"}],
        "unknown-name",
        "today.observed.0.plan",
    ),
    (
        "evidence",
        [{"check": "own_price_elasticity", "plan": "pro", "low": -2, "high": 0}],
        "unknown-name",
        "evidence.0.plan",
    ),
    (
        "evidence",
        [{"check": "own_price_elasticity", "plan": "plus", "low": -2, "high": 0, "source": "tset"}],
        "unknown-name",
        "evidence.0.source",
    ),
]

ONE = [{"figure": "revenue", "at_least": 1}]
# (part of the case, what to put there, code, field of the finding)
IN_THE_CASE = [
    ("plans.pro", {"price": [1]}, "unknown-name", "plans"),
    ("plans.plus", {"price": [-1, 3]}, "range", "plans.plus.price"),
    ("rules", {"charm_prices": True}, "empty-ladder", "plans.lite.price"),
    ("rules", {"price_change": [{"plan": "pro", "at_most": 1}]}, "unknown-name", "rules.price_change.0.plan"),
    ("rules", {"plan_order": [["plus", "pro"]]}, "unknown-name", "rules.plan_order.0"),
    ("plans.plus", {"allowances": {"huge": {"day": [3]}}}, "unknown-name", "plans.plus.allowances"),
    ("plans.plus", {"allowances": {"big": {"day": [-3]}}}, "range", "plans.plus.allowances.big.day"),
    ("plans.plus", {"unit_prices": {"big": [3]}}, "unknown-name", "plans.plus.unit_prices.big"),
    ("plans.api", {"unit_prices": {"big": [-3]}}, "range", "plans.api.unit_prices.big"),
    ("plans.free", {"impressions": [0, -0.2]}, "range", "plans.free.impressions"),
    ("mix", {"enterprise_share": [0.4, 1.4]}, "range", "mix.enterprise_share"),
    ("objective", "margin", "unknown-name", "objective.maximise"),
    ("objective", {"minimise": "margin"}, "unknown-name", "objective.minimise"),
    ("objective", {"blend": {"margin": 1}}, "unknown-name", "objective.blend.margin"),
    ("objective", {"lexicographic": [{"maximise": "margin"}]}, "unknown-name", "objective.lexicographic.0"),
    ("objective", {"blend": {"churn_rate": -1, "gross_margin_rate": 1}}, "blend", "objective.blend"),
    ("conditions", [{"figure": "margin", "at_least": 1}], "unknown-name", "conditions.0.figure"),
    ("conditions", [*ONE, {**ONE[0], "plan": "pro"}], "unknown-name", "conditions.1.plan"),
    ("conditions", [{**ONE[0], "segment": "shops"}], "unknown-name", "conditions.0.segment"),
    ("conditions", [{**ONE[0], "at_most": 0.5}], "range", "conditions.0"),
    ("conditions", [{"figure": "gross_margin_rate", "at_least": 60}], "range", "conditions.0.at_least"),
]


def put(factory: ModuleType, data: Data, path: str, value: Any) -> Data:
    """``value`` at a dotted path; None removes it."""
    new = factory.changed(data, path, value)
    if value is None:
        group, _, last = path.rpartition(".")
        del factory.at(new, group)[last]
    return new


def test_the_small_market_and_case_are_clean(factory: ModuleType) -> None:
    assert check_inputs(factory.inputs()) == []
    assert factory.problem().findings == ()


@pytest.mark.parametrize(("path", "value", "code", "field"), IN_THE_MARKET, ids=lambda v: v if type(v) is str else "")
def test_in_the_market(factory: ModuleType, path: str, value: Any, code: str, field: str) -> None:
    found = check_inputs(factory.inputs(put(factory, factory.market(), path, value)))
    assert {(f.code, f.field) for f in found} == {(code, field)}
    assert all(f.severity == "error" and f.message and f.cure and f.file == "market.yaml" for f in found)


@pytest.mark.parametrize(("path", "value", "code", "field"), IN_THE_CASE, ids=lambda v: v if type(v) is str else "")
def test_in_the_case(factory: ModuleType, path: str, value: Any, code: str, field: str) -> None:
    found = check_inputs(factory.inputs(None, put(factory, factory.case(), path, value)))
    assert {(f.code, f.field) for f in found} == {(code, field)}
    assert all(f.severity == "error" and f.message and f.cure and f.file == "case.yaml" for f in found)


def test_an_alternative_nobody_counted(factory: ModuleType) -> None:
    data = factory.market()
    del data["today"]["alternatives"]["open"]
    found = check_inputs(factory.inputs(data))
    assert {(f.code, f.field) for f in found} == {("missing-count", "alternatives.open")}


def test_a_segment_of_nobody(factory: ModuleType) -> None:
    """It holds no customers either, so the counts of its channel are told as well."""
    data = put(factory, factory.market(), "segments.firms.potential", n(0, "customers"))
    codes = {f.code for f in check_inputs(factory.inputs(data))}
    assert codes == {"not-positive", "counts"}


def test_all_findings_at_once(factory: ModuleType) -> None:
    market = put(factory, factory.market(), "plans.team.referral", n(1))
    market = put(factory, market, "nothing_decision_rate", n(0, "1/month"))
    found = check_inputs(factory.inputs(market, put(factory, factory.case(), "objective", "margin")))
    assert {f.field for f in found} == {"plans.team.referral", "nothing_decision_rate", "objective.maximise"}


def test_what_the_changes_break_is_told_as_such(factory: ModuleType) -> None:
    case = factory.case(changes={"plans.team.referral": {"to": 1.5}})
    (finding,) = check_inputs(factory.inputs(None, case))
    assert finding.code == "range"
    assert finding.message.startswith("after the changes")


def test_the_nearest_name_is_suggested(factory: ModuleType) -> None:
    (finding,) = check_inputs(factory.inputs(None, factory.case(objective="gross_margin_rat")))
    assert "'gross_margin_rate'" in finding.cure


def test_patterns_of_paths_name_the_nearest(factory: ModuleType) -> None:
    data = factory.changed(factory.market(), "groups", {"price": {"paths": ["segments.*.price_coeficient"]}})
    (found,) = check_inputs(factory.inputs(data))
    assert found.cure == "did you mean 'segments.*.price_coefficient'?"
    for name in ("segments.*.price_coefficient", "plans.*.churn"):  # an old name is known too
        data = factory.changed(factory.market(), "groups", {"price": {"paths": [name]}})
        assert check_inputs(factory.inputs(data)) == [], name


def test_every_number_of_a_market_is_known_by_its_path(factory: ModuleType) -> None:
    data = factory.market()
    known = quantities(factory.inputs(data).market)
    assert set(known) == {path for path, _ in factory.numbers(data)}
    assert known["plans.plus.allowances.big.week"].value == 150.0


# --- credibility ---------------------------------------------------------------------------------


def believed(factory: ModuleType, **more: Any) -> tuple[Any, list[Any]]:
    data = {**factory.market(), **{k: v for k, v in more.items() if k == "evidence"}}
    data["today"]["observed"] = more.get("observed", [])
    problem = case_model_of(factory.inputs(data), strict=False)
    return problem.today, credibility(problem.calibrated, problem.today, problem.inputs.market_document)[0]


def test_a_reported_figure_that_is_given_back(factory: ModuleType) -> None:
    """1,291,640 usd a month are 15.5 million a year; a tenth more is within 11 % and not within 8 %."""
    revenue = factory.problem().today.figure("revenue")
    for tolerance, codes in ((0.11, []), (0.08, ["observed"])):
        row = {"figure": "revenue", "value": n(1.1 * revenue * 12 / 1e6, "million usd/year"), "tolerance": tolerance}
        today, found = believed(factory, observed=[row])
        assert [f.code for f in found] == codes
        assert reported(today)[0].value == pytest.approx(revenue, rel=1e-9)


@pytest.mark.parametrize(("factor", "words"), [(12.0, "a year"), (1000.0, "thousands"), (1e6, "millions")])
def test_a_wrong_unit_is_guessed(factory: ModuleType, factor: float, words: str) -> None:
    revenue = factory.problem().today.figure("revenue")
    _, (finding,) = believed(
        factory, observed=[{"figure": "revenue", "value": n(factor * revenue, "usd/month"), "tolerance": 0.1}]
    )
    assert words in finding.message


def test_elasticity_by_hand(factory: ModuleType) -> None:
    """d ln customers / d ln price from two prices one per cent either side of today's."""
    evidence = [{"check": "own_price_elasticity", "plan": "plus", "low": -5, "high": 0, "assumption": "test"}]
    today, found = believed(factory, evidence=evidence)
    counts = []
    for factor in (0.99, 1.01):
        case = factory.case(changes={"plans.plus.price": {"times": factor}})
        changed = factory.problem(None, case)
        counts.append(changed.unchanged.figure("customers", Selection(plan="plus")))
    by_hand = math.log(counts[1] / counts[0]) / math.log(1.01 / 0.99)
    assert measured(today)[0].value == pytest.approx(by_hand, rel=1e-9)
    assert -3.0 < by_hand < -0.2
    assert found == []


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize(
    ("check", "plan"),
    [
        ("own_price_elasticity", "plus"),
        ("own_price_elasticity", "api"),
        ("cap_binding_share", "plus"),
        ("cost_per_free_customer", "free"),
        ("diversion_to_paid", "free"),
        ("heavy_user_loss_share", "plus"),
    ],
)
def test_evidence_that_is_missed(factory: ModuleType, check: str, plan: str, blocks: bool) -> None:
    """Just outside what is measured it is a finding, around it there is none."""
    row = {"check": check, "plan": plan, "low": -1e9, "high": 1e9, "assumption": "test", "blocks": blocks}
    today, found = believed(factory, evidence=[row])
    assert found == []
    value = measured(today)[0].value
    _, missed = believed(factory, evidence=[{**row, "low": value + 1e-6}])
    assert [(f.code, f.field, f.severity) for f in missed] == [
        ("credibility", "evidence.0", "error" if blocks else "warning")
    ]


def test_a_utility_too_far_for_the_solver_is_a_warning(factory: ModuleType) -> None:
    """Alternatives that hardly anybody takes leave plans with e^9 and more against them."""
    data = factory.market()
    for segment in data["segments"].values():
        segment["value_of_use"]["value"], segment["price_sigma"]["value"] = 9.0, 3.0
    data["alternatives"] = {}
    data["today"]["alternatives"] = {}
    problem = case_model_of(factory.inputs(data), strict=False)
    assert "far-utility" in {f.code for f in problem.findings if f.severity == "warning"}
