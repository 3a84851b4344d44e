"""A case made ready to be solved: loaded, checked and calibrated once, compiled when that is needed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from os import PathLike
from typing import Any

from optimizer.economics.figures import TOTAL, Selection
from optimizer.errors import Finding, InputError, bad_argument
from optimizer.execution import clock
from optimizer.inputs.changes import Changes, after_calibration, apply_changes, beliefs
from optimizer.inputs.load import Inputs, assemble, load_inputs, validate
from optimizer.inputs.moved import moved
from optimizer.io.documents import Document
from optimizer.market.calibrate import Calibrated, calibrate
from optimizer.market.check import check_inputs
from optimizer.market.credibility import credibility
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.market.measured import Measured
from optimizer.market.prepare import Prepared, prepare
from optimizer.model.build import MarketInstance, build_instance
from optimizer.model.choices import Choices, Level, Menu, carried, choices, order_rules, own_menu
from optimizer.model.instance import Limit
from optimizer.model.measures import ConditionBound, bounds, condition_factors
from optimizer.model.sifted import sift
from optimizer.schema.case import Case, Change
from optimizer.schema.market import Market


@dataclass(frozen=True)
class CaseModel:
    """A case made ready to be solved; studies change parts of it and solve again.

    What only a search needs is built when it is first asked for: evaluations never build a level.
    """

    inputs: Inputs
    calibrated: Calibrated
    prepared: Prepared
    """The market with the case's changes."""
    today: Evaluation
    """Today's menu in today's market."""
    unchanged: Evaluation
    """Today's menu in the changed market."""
    findings: tuple[Finding, ...]
    spent: Mapping[str, float]
    """Seconds by stage, before anything was built."""
    other_choices: Choices | None = None
    """In place of the case's own."""
    checks: tuple[Measured, ...] = ()
    """What the calibrated market was checked by before it was believed."""

    @cached_property
    def choices(self) -> Choices:
        inputs = self.inputs
        return self.other_choices or sift(self, choices(inputs.case, inputs.market, inputs.changed, self.prepared))

    @cached_property
    def _built(self) -> tuple[MarketInstance, float]:
        """The instance, and the seconds it took with its choices. Raises InputError for a case over months."""
        if self.inputs.case.horizon is not None:
            message = "the case asks over months, and this asks for the long run"
            cure = "use run, evaluate, verify, compare, sensitivity or frontier, or take horizon out"
            raise bad_argument("horizon", message, cure)
        started = time.perf_counter()
        return build_instance(self.prepared, self.choices), time.perf_counter() - started

    @property
    def built(self) -> MarketInstance:
        return self._built[0]

    def build(self) -> None:
        """Build now what would be built when it is first asked for."""
        self._built  # noqa: B018

    @cached_property
    def bounds(self) -> tuple[ConditionBound, ...]:
        """Raises InputError for a condition relative to what has no value today."""
        return bounds(self.inputs.case, self.built, self.today.figure)

    @property
    def seconds(self) -> dict[str, float]:
        return {**self.spent, **({"compile": self._built[1]} if "_built" in self.__dict__ else {})}

    def today_figure(self, name: str, selection: Selection = TOTAL) -> float:
        return self.today.figure(name, selection)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The case's conditions as limits."""
        return tuple(limit for bound in self.bounds for limit in bound.limits())

    @property
    def today_menu(self) -> Menu:
        """Today's plans at the market's own terms, with the allowed split and budget nearest to today's."""
        own = own_menu(self.inputs.case, self.prepared)
        share, budget = min(
            self.choices.splits,
            key=lambda split: (abs(split[0] - own.enterprise_share), abs((split[1] or 0.0) - (own.budget or 0.0))),
        )
        return Menu(own.terms, share, budget)

    @property
    def before(self) -> Menu:
        """Today's plans, split and budget in today's market."""
        return own_menu(self.inputs.case, self.calibrated.prepared)

    def evaluate(self, menu: Menu) -> Evaluation:
        """The evaluator at a menu; it need not be one that the case allows."""
        return evaluated(self.prepared, menu)

    def carried(self, menu: Menu, origin: CaseModel) -> Menu:
        """A menu chosen in another world of the same case: what no ladder sets is as this world has it."""
        case, there, here = self.inputs.case, origin.inputs.changed, self.inputs.changed
        terms = {
            name: carried(level, case.plans.get(name), name, there, here, self.prepared.terms[name])
            for name, level in menu.terms.items()
        }
        shared = case.mix is not None and case.mix.enterprise_share is not None
        return Menu(terms, menu.enterprise_share if shared else self.prepared.today_mix, menu.budget)

    def with_levels(
        self, levels: Sequence[tuple[Level, ...]], splits: tuple[tuple[float, float | None], ...] | None = None
    ) -> CaseModel:
        """The same case with other levels (and splits and budgets) to choose from."""
        case, plans = self.inputs.case, self.choices.plans
        rules = order_rules(case, plans, list(levels), self.prepared)
        made = replace(self.choices, levels=tuple(levels), rules=rules)
        return replace(self, other_choices=made if splits is None else made.with_splits(splits))

    def pinned(self, menu: Menu) -> CaseModel:
        """The same case with one menu to choose from."""
        levels = tuple((menu.terms[plan],) for plan in self.choices.plans)
        made = replace(self.choices, levels=levels, rules=()).with_splits(((menu.enterprise_share, menu.budget),))
        return replace(self, other_choices=made)

    def with_rules_listed(self) -> CaseModel:
        """The same case on an instance in which rules within a nest can be freed by name; itself where it is one."""
        listed = self.choices.listed()
        return self if listed is self.choices else replace(self, other_choices=listed)

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
        if self.choices.sifted:  # what is left out hangs on what is asked
            return replace(self, inputs=replace(self.inputs, case=case), other_choices=None)
        made = replace(self, inputs=replace(self.inputs, case=case), other_choices=self.choices)
        made.__dict__["_built"] = self._built  # conditions change no level
        return made

    def __getstate__(self) -> dict[str, Any]:
        """What it is made of; whoever gets it builds the rest."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def evaluated(prepared: Prepared, menu: Menu) -> Evaluation:
    """A market at a menu."""
    return evaluate_menu(prepared, menu.terms, menu.enterprise_share, menu.budget)


def check_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
) -> list[Finding]:
    """Every finding about a case and its market, credibility checks included. Never raises for bad input."""
    return checked_case(case, sets=sets, folder=folder)[0]


def checked_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
) -> tuple[list[Finding], CaseModel | None]:
    """The same, and the case model; None where it cannot be calibrated."""
    try:
        case_model = prepare_case(case, sets=sets, folder=folder, strict=False)
    except InputError as error:
        return list(error.findings), None
    return list(case_model.findings), case_model


def prepare_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    strict: bool = True,
) -> CaseModel:
    """Load, check and calibrate a case.

    Raises:
        InputError: all findings at once; with ``strict`` also for failed credibility checks that block.
        SolverError: the time limit in force is up.
    """
    started = time.perf_counter()
    inputs = load_inputs(case, sets, folder)
    return case_model_of(inputs, time.perf_counter() - started, strict)


def case_model_of(inputs: Inputs, load_seconds: float = 0.0, strict: bool = True, believe: bool = True) -> CaseModel:
    """Check and calibrate inputs; ``believe=False`` leaves out the credibility checks.

    Raises InputError like :func:`prepare_case`.
    """
    started = time.perf_counter()
    findings = check_inputs(inputs)
    if any(f.severity == "error" for f in findings):
        raise InputError([f for f in findings if f.severity == "error"])
    clock.check("today's customers were given back")
    loaded = time.perf_counter()
    try:
        calibrated = calibrate(inputs.market)
    except InputError as error:
        document = inputs.market_document
        raise InputError([document.finding(f.code, f.field, f.message, f.cure) for f in error.findings]) from None
    base = calibrated.prepared
    today = evaluated(base, own_menu(inputs.case, base))
    checks: tuple[Measured, ...] = ()
    if believe:
        doubts, checks = credibility(calibrated, today, inputs.market_document)
        findings += doubts
    if strict and any(f.severity == "error" for f in findings):
        raise InputError([f for f in findings if f.severity == "error"])
    same = inputs.changed == inputs.market
    condition_factors(inputs.case, today.figure)
    spent = {"load": load_seconds + loaded - started, "calibrate": time.perf_counter() - loaded}
    made = CaseModel(inputs, calibrated, base, today, today, tuple(findings), spent, checks=checks)
    return made if same else _in_market(made, prepare(inputs.changed, calibrated.constants))


def _in_market(case_model: CaseModel, prepared: Prepared) -> CaseModel:
    """The same case in another market."""
    return replace(
        case_model, prepared=prepared, unchanged=evaluated(prepared, own_menu(case_model.inputs.case, prepared))
    )


def as_it_stands(case_model: CaseModel) -> CaseModel:
    """The case with today's plans, at its market's terms, as the only menu; ``unchanged`` is without what is set."""
    menu = own_menu(case_model.inputs.case, case_model.prepared)
    return replace(case_model.pinned(menu), unchanged=before_sets(case_model))


def before_sets(case_model: CaseModel) -> Evaluation:
    """Today's menu in the case's market without what the caller sets beyond it."""
    inputs = case_model.inputs
    if not inputs.sets:
        return case_model.unchanged
    believed = beliefs(inputs.sets)
    document = inputs.original or inputs.market_document
    plain = assemble(inputs.name, inputs.case, inputs.case_document, document, believed)
    if plain.changed == plain.market:
        return case_model.today
    prepared = prepare(plain.changed, case_model.calibrated.constants)
    return evaluated(prepared, own_menu(inputs.case, prepared))


def with_changes(case_model: CaseModel, changes: Mapping[str, Change]) -> CaseModel:
    """The same case in a market changed further. Raises InputError for a wrong path.

    The calibration is kept, but for changes of what is believed of today (``recalibrate:``).
    """
    inputs = case_model.inputs
    believed = beliefs(changes)
    if believed:
        document = inputs.original or inputs.market_document
        anew = assemble(inputs.name, inputs.case, inputs.case_document, document, {**inputs.sets, **believed})
        return with_changes(case_model_of(anew, strict=False, believe=False), after_calibration(changes))
    if not changes:
        return case_model
    document = apply_changes(inputs.changed_document, changes, inputs.case_document)
    changed = validate(Market, document)
    further = (*inputs.further, changes)
    inputs = replace(inputs, changed=changed, changed_document=document, further=further)
    return _in_market(replace(case_model, inputs=inputs, spent={}), prepare(changed, case_model.calibrated.constants))


def with_case(case_model: CaseModel, case: Case, document: Document) -> CaseModel:
    """Another case about the same market with the same changes; what was calibrated is kept. Raises InputError."""
    inputs = replace(case_model.inputs, case=case, case_document=document)
    assert (case.market, case.changes) == (case_model.inputs.case.market, case_model.inputs.case.changes)
    findings, before = check_inputs(inputs), check_inputs(case_model.inputs)
    errors = [f for f in findings if f.severity == "error"]
    if errors:
        raise InputError(errors)
    findings += [f for f in case_model.findings if f not in before]  # of the market
    base = case_model.calibrated.prepared
    today = evaluated(base, own_menu(case, base))
    condition_factors(case, today.figure)
    made = replace(case_model, inputs=inputs, today=today, unchanged=today, findings=tuple(findings), spent={})
    return made if inputs.changed == inputs.market else _in_market(made, case_model.prepared)


def vary(case_model: CaseModel, values: Mapping[str, float]) -> CaseModel:
    """The same case with numbers of today's market moved (by path, in the schema's units), calibrated anew.

    Credibility is not checked. Raises InputError where the case would not stand such a market.
    """
    inputs = moved(case_model.inputs, values)
    errors = [f for f in check_inputs(inputs, tuple(values)) if f.severity == "error"]
    if errors:
        raise InputError(errors)
    calibrated = calibrate(inputs.market, case_model.calibrated)
    base = calibrated.prepared
    today = evaluated(base, own_menu(inputs.case, base))
    made = CaseModel(inputs, calibrated, base, today, today, (), {})
    return made if inputs.changed is inputs.market else _in_market(made, prepare(inputs.changed, calibrated.constants))
