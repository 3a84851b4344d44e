"""The objective at one end of a number's range, the menu or path kept or optimised anew: each a task of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from optimizer.answer.tornado import End
from optimizer.errors import InfeasibleError, InputError

if TYPE_CHECKING:
    from optimizer.answer.path_worlds import ChosenPath
    from optimizer.model.case_model import CaseModel
    from optimizer.model.choices import Menu
    from optimizer.optimise.outcome import Settings
    from optimizer.schema.base import Quantity
    from optimizer.schema.horizon import CaseHorizon

HORIZON = "horizon."


def kept_value(m: CaseModel, menu: Menu, path: str, value: float) -> End:
    """The objective at the kept menu with one number moved; none where the market cannot be."""
    from optimizer.model.case_model import vary
    from optimizer.optimise.objectives import objective_of

    try:
        varied = vary(m, {path: value})
    except InputError as error:
        return End(None, error.findings[0].message)
    objective = objective_of(varied.inputs.case.objective, varied.today).last
    return End(objective.value(varied.evaluate(varied.carried(menu, m))), "", contradicted(m, varied))


def best_value(m: CaseModel, settings: Settings, path: str, value: float) -> End:
    """The objective of the best menu with one number moved; none where there is none."""
    from optimizer.answer.solving import solve_stages
    from optimizer.model.case_model import vary

    try:
        return End(solve_stages(vary(m, {path: value}), settings, diagnosed=False)[-1].reported.value)
    except InputError as error:
        return End(None, error.findings[0].message)
    except InfeasibleError:
        return End(None, "no menu meets the conditions")


def contradicted(m: CaseModel, varied: CaseModel) -> tuple[str, ...]:
    """Reported figures that a moved market does not give back, though the market as stated does."""
    from optimizer.market.credibility import reported

    before = {(r.check, r.of) for r in reported(m.today) if r.passed}
    missed = [r for r in reported(varied.today) if not r.passed and (r.check, r.of) in before]
    return tuple(r.check if r.of == "total" else f"{r.check} of {r.of}" for r in missed)


def horizon_numbers(horizon: CaseHorizon) -> dict[str, Quantity]:
    """The numbers of a case over months that may be uncertain, by path."""
    stated = {"discount_rate": horizon.discount_rate, "efficiency": horizon.efficiency}
    return {HORIZON + name: q for name, q in stated.items() if q is not None}


def moved_case(m: CaseModel, path: str, value: float) -> CaseModel:
    """The case with one number of its market or of its horizon moved. Raises InputError where it cannot be."""
    from optimizer.model.case_model import vary

    if not path.startswith(HORIZON):
        return vary(m, {path: value})
    case, name = m.inputs.case, path.removeprefix(HORIZON)
    assert case.horizon is not None
    q = getattr(case.horizon, name).model_copy(update={"value": value})
    case = case.model_copy(update={"horizon": case.horizon.model_copy(update={name: q})})
    return replace(m, inputs=replace(m.inputs, case=case))


def kept_path_value(m: CaseModel, chosen: ChosenPath, path: str, value: float) -> End:
    """The objective of the kept path with one number moved; none where the case cannot be."""
    from optimizer.answer.path_worlds import asked_of, in_world

    try:
        varied = moved_case(m, path, value)
        question = asked_of(varied)
    except InputError as error:
        return End(None, error.findings[0].message)
    if varied.choices.counts != m.choices.counts:
        return End(None, "the ladders have other points then")
    return End(in_world(question, chosen).value, "", contradicted(m, varied))


def best_path_value(m: CaseModel, settings: Settings, path: str, value: float) -> End:
    """The objective of the best path with one number moved; none where there is none."""
    from optimizer.answer.path_worlds import proven_path

    try:
        found = proven_path(moved_case(m, path, value), settings)
    except InputError as error:
        return End(None, error.findings[0].message)
    return End(None, "no path meets the conditions") if found is None else End(found.objective.value)
