"""Pyomo model to plain arrays: the only place that reads Pyomo expressions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optimizer.errors import SolverError
from optimizer.execution.clock import watched
from optimizer.solve.program import Program, audit
from optimizer.typing import Array

HANDED = "the program was handed to the solver"


def lower_program(model: Any) -> Program:
    """The arrays of a linear Pyomo model; fixed variables become fixed bounds, so columns keep their places.

    Raises:
        SolverError: nonlinear terms, no or several objectives, coefficients that are not finite or would vanish.
    """
    import pyomo.core as pyo  # 0.1 s: only where a model is compiled; pyomo.environ would load every plugin
    from pyomo.repn.linear import LinearRepnVisitor

    columns, position, lower, upper, integer = _columns(model, pyo)
    objectives = list(model.component_data_objects(pyo.Objective, active=True, descend_into=True))
    if len(objectives) != 1:
        raise SolverError(f"the model has {len(objectives)} active objectives, not 1")
    visitor = LinearRepnVisitor({})
    aim = _linear(visitor, objectives[0].expr, objectives[0].name)
    costs = np.zeros(len(lower))
    for vid, c in aim.linear.items():
        costs[position[vid]] = c
    rows: dict[str, dict[Any, int]] = {}
    starts, indices, values = [0], [], []
    row_lower: list[float] = []
    row_upper: list[float] = []
    for component in model.component_objects(pyo.Constraint, active=True, descend_into=True):
        members = rows.setdefault(component.name, {})
        for index, row in watched(component.items(), HANDED):
            if not row.active:
                continue
            low, body, high = row.to_bounded_expression()
            repn = _linear(visitor, body, component.name)
            members[index] = len(row_lower)
            linear = repn.linear
            indices.extend([position[vid] for vid in linear])
            values.extend(linear.values())
            starts.append(len(indices))
            row_lower.append(-math.inf if low is None else float(pyo.value(low)) - repn.constant)
            row_upper.append(math.inf if high is None else float(pyo.value(high)) - repn.constant)
    program = Program(
        costs=costs,
        lower=lower,
        upper=upper,
        integer=integer,
        starts=np.array(starts, dtype=np.int64),
        indices=np.array(indices, dtype=np.int64),
        coefficients=_floats(values),
        row_lower=_floats(row_lower),
        row_upper=_floats(row_upper),
        maximise=objectives[0].sense == pyo.maximize,
        offset=float(aim.constant),
        columns=columns,
        rows=rows,
    )
    return audit(program)


def _columns(model: Any, pyo: Any) -> tuple[dict[str, dict[Any, int]], dict[int, int], Array, Array, Any]:
    columns: dict[str, dict[Any, int]] = {}
    position: dict[int, int] = {}
    lower: list[float] = []
    upper: list[float] = []
    integer: list[bool] = []
    for component in model.component_objects(pyo.Var, active=True, descend_into=True):
        members = columns.setdefault(component.name, {})
        for index, var in watched(component.items(), HANDED):
            members[index] = position[id(var)] = len(lower)
            low, high = (var.value, var.value) if var.fixed else var.bounds
            lower.append(-math.inf if low is None else low)
            upper.append(math.inf if high is None else high)
            integer.append(not var.is_continuous())
    return columns, position, _floats(lower), _floats(upper), np.array(integer, dtype=bool)


def _linear(visitor: Any, expression: Any, name: str) -> Any:
    repn = visitor.walk_expression(expression)
    if repn.nonlinear is not None:
        raise SolverError(f"{name} is not linear")
    return repn


def _floats(values: list[Any]) -> Array:
    """Raises SolverError where Pyomo left something that is no number (it marks 0/0 and the like)."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SolverError("the model holds an entry that is not a number") from error
