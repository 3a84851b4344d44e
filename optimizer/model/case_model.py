"""A case made ready to be solved: loaded, checked, calibrated and compiled once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike

from optimizer.economics.figures import TOTAL, Selection
from optimizer.errors import Finding, InputError
from optimizer.inputs.changes import Changes, apply_changes
from optimizer.inputs.load import Inputs, load_inputs, validate
from optimizer.market.calibrate import Calibrated, calibrate
from optimizer.market.check import check_inputs
from optimizer.market.credibility import credibility, measured, observed
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.market.prepare import Prepared, prepare
from optimizer.model.build import MarketInstance, build_instance
from optimizer.model.choices import Choices, Level, Menu, choices, order_rules
from optimizer.model.instance import Limit
from optimizer.model.measures import ConditionBound, bounds
from optimizer.schema.case import Case, Change
from optimizer.schema.market import Market


@dataclass(frozen=True)
class CaseModel:
    """A case made ready to be solved; studies change parts of it and solve again."""

    inputs: Inputs
    calibrated: Calibrated
    prepared: Prepared
    """The market with the case's changes."""
    choices: Choices
    built: MarketInstance
    bounds: tuple[ConditionBound, ...]
    today: Evaluation
    """Today's menu in today's market."""
    unchanged: Evaluation
    """Today's menu in the changed market."""
    findings: tuple[Finding, ...]
    seconds: dict[str, float]

    def today_figure(self, name: str, selection: Selection = TOTAL) -> float:
        return self.today.figure(name, selection)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The case's conditions as limits."""
        return tuple(limit for bound in self.bounds for limit in bound.limits())

    @property
    def today_menu(self) -> Menu:
        """Today's plans at the market's own terms, with the allowed split nearest to today's."""
        share = min(self.choices.mixes, key=lambda mix: abs(mix - self.prepared.today_mix))
        return Menu(self.prepared.today_menu(), share)

    def evaluate(self, menu: Menu) -> Evaluation:
        """The evaluator at a menu; it need not be one that the case allows."""
        return evaluate_menu(self.prepared, menu.terms, menu.enterprise_share)

    def carried(self, menu: Menu, origin: CaseModel) -> Menu:
        """A menu chosen in another world of the same case: what no ladder sets is as this world has it."""
        place = origin.choices.choice(menu)
        return menu if place is None else self.choices.menu(place)

    def with_levels(self, levels: Sequence[tuple[Level, ...]], mixes: tuple[float, ...] | None = None) -> CaseModel:
        """The same case with other levels (and splits) to choose from."""
        case, plans = self.inputs.case, self.choices.plans
        rules = order_rules(case, plans, list(levels), self.prepared)
        chosen = Choices(plans, tuple(levels), self.choices.mixes if mixes is None else mixes, rules)
        built = build_instance(self.prepared, chosen)
        return replace(self, choices=chosen, built=built, bounds=bounds(case, built, self.today.figure))

    def pinned(self, menu: Menu) -> CaseModel:
        """The same case with one menu to choose from."""
        return self.with_levels([(menu.terms[plan],) for plan in self.choices.plans], (menu.enterprise_share,))

    def with_bound_moved(self, index: int, factor: float) -> CaseModel:
        """The same case with one side of a condition at another value."""
        asked, count = list(self.inputs.case.conditions), 0
        for k, condition in enumerate(asked):
            for side in ("at_least", "at_most"):
                value = getattr(condition, side)
                if value is None:
                    continue
                if count == index:
                    asked[k] = condition.model_copy(update={side: value * factor})
                count += 1
        case = self.inputs.case.model_copy(update={"conditions": tuple(asked)})
        found = bounds(case, self.built, self.today.figure)
        return replace(self, inputs=replace(self.inputs, case=case), bounds=found)


def check_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
) -> list[Finding]:
    """Every finding about a case and its market, credibility checks included. Never raises for bad input."""
    try:
        return list(prepare_case(case, sets=sets, folder=folder, strict=False).findings)
    except InputError as error:
        return list(error.findings)


def credibility_rows(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
) -> list[dict[str, object]]:
    """Every credibility check and reported figure with what was measured. Raises InputError."""
    calibrated = calibrate(load_inputs(case, sets, folder).market)
    return [
        {"check": m.check, "of": m.of, "value": m.value, "low": m.low, "high": m.high, "passed": m.passed}
        for m in [*observed(calibrated), *measured(calibrated)]
    ]


def prepare_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    strict: bool = True,
) -> CaseModel:
    """Load, check, calibrate and compile a case.

    Raises:
        InputError: all findings at once; with ``strict`` also for failed credibility checks that block.
    """
    started = time.perf_counter()
    inputs = load_inputs(case, sets, folder)
    return case_model_of(inputs, time.perf_counter() - started, strict)


def case_model_of(inputs: Inputs, load_seconds: float = 0.0, strict: bool = True, believe: bool = True) -> CaseModel:
    """Check, calibrate and compile inputs; ``believe=False`` leaves out the credibility checks.

    Raises InputError like :func:`prepare_problem`.
    """
    started = time.perf_counter()
    findings = check_inputs(inputs)
    if any(f.severity == "error" for f in findings):
        raise InputError([f for f in findings if f.severity == "error"])
    loaded = time.perf_counter()
    try:
        calibrated = calibrate(inputs.market)
    except InputError as error:
        document = inputs.market_document
        raise InputError([document.finding(f.code, f.field, f.message, f.cure) for f in error.findings]) from None
    if believe:
        findings += credibility(calibrated, inputs.market_document)
    if strict and any(f.severity == "error" for f in findings):
        raise InputError([f for f in findings if f.severity == "error"])
    done = time.perf_counter()
    base = calibrated.prepared
    same = inputs.changed == inputs.market
    prepared = base if same else prepare(inputs.changed, calibrated.constants)
    today = evaluate_menu(base, base.today_menu())
    unchanged = today if same else evaluate_menu(prepared, prepared.today_menu())
    chosen = choices(inputs.case, inputs.market, inputs.changed, prepared)
    built = build_instance(prepared, chosen)
    case_model = CaseModel(
        inputs,
        calibrated,
        prepared,
        chosen,
        built,
        bounds(inputs.case, built, today.figure),
        today,
        unchanged,
        tuple(findings),
        {"load": load_seconds + loaded - started, "calibrate": done - loaded, "compile": time.perf_counter() - done},
    )
    return case_model


def with_changes(case_model: CaseModel, changes: Mapping[str, Change]) -> CaseModel:
    """The same case in a market changed further, with the calibration kept. Raises InputError for a wrong path."""
    started = time.perf_counter()
    inputs = case_model.inputs
    document = apply_changes(inputs.changed_document, changes, inputs.case_document)
    changed = validate(Market, document)
    prepared = prepare(changed, case_model.calibrated.constants)
    chosen = choices(inputs.case, inputs.market, changed, prepared)
    built = build_instance(prepared, chosen)
    return replace(
        case_model,
        inputs=replace(inputs, changed=changed, changed_document=document),
        prepared=prepared,
        choices=chosen,
        built=built,
        bounds=bounds(inputs.case, built, case_model.today.figure),
        unchanged=evaluate_menu(prepared, prepared.today_menu()),
        seconds={"compile": time.perf_counter() - started},
    )
