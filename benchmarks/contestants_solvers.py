"""SCIP, Gurobi, scipy's differential evolution and pymoo, in an environment of their own.

Building a model is not counted, only the solver's own run.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.contestants_own import Data, as_menu, as_prices, chosen, to_aim


def scip_model(job: Data) -> Any:
    """An empty SCIP model with the job's limits."""
    from pyscipopt import Model

    model = Model()
    model.hideOutput()
    model.setParam("limits/time", float(job["limit"]))
    model.setParam("limits/gap", float(job["gap"]))
    model.setParam("timing/clocktype", 2)
    return model


def status(model: Any) -> str:
    """How SCIP says that it ended, where that is not by its time or gap limit."""
    ended = str(model.getStatus())
    return "" if ended in ("timelimit", "gaplimit", "optimal") else f"SCIP ended: {ended}"


def scip_linear(data: Data, job: Data) -> Data:
    """SCIP on this project's linear program."""
    from pyscipopt import quicksum

    model = scip_model(job)
    bounds = zip(data["p_lower"].tolist(), data["p_upper"].tolist(), data["p_integer"].tolist(), strict=True)
    columns = [
        model.addVar(lb=finite(low), ub=finite(high), vtype="I" if whole else "C") for low, high, whole in bounds
    ]
    for lhs, rhs, terms in program_rows(data):
        model.addCons(_between(quicksum(c * columns[k] for k, c in terms), lhs, rhs))
    costs = data["p_costs"].tolist()
    model.setObjective(quicksum(c * v for c, v in zip(costs, columns, strict=True) if c), "maximize")
    began = time.perf_counter()
    model.optimize()
    seconds = time.perf_counter() - began
    offset = float(data["p_offset"])
    answer: Data = {"seconds": seconds, "bound": to_aim(model.getDualbound() + offset, job), "note": status(model)}
    if model.getNSols():
        best = model.getBestSol()
        answer["menu"] = chosen(data, [best[v] for v in columns])
    return answer


def _between(body: Any, lhs: float, rhs: float) -> Any:
    if rhs in (lhs, np.inf):
        return body == rhs if lhs == rhs else body >= lhs
    return body <= rhs if lhs == -np.inf else (lhs <= body) <= rhs


def finite(bound: float) -> float | None:
    """None for no bound."""
    return None if np.isinf(bound) else float(bound)


def program_rows(data: Data) -> Any:
    """(lower, upper, [(column, coefficient)]) of every row."""
    starts, index, value = data["p_starts"].tolist(), data["p_indices"].tolist(), data["p_coefficients"].tolist()
    sides = zip(data["p_row_lower"].tolist(), data["p_row_upper"].tolist(), strict=True)
    for r, (lhs, rhs) in enumerate(sides):
        part = slice(starts[r], starts[r + 1])
        yield lhs, rhs, list(zip(index[part], value[part], strict=True))


def scip_ratios(data: Data, job: Data) -> Data:
    """SCIP on the mixed-integer nonlinear program: one product of value and denominator per type and figure."""
    from pyscipopt import quicksum

    sent, model = as_menu(data, job), scip_model(job)
    x = [[model.addVar(vtype="B") for _ in range(n)] for n in sent.counts]
    flat = [v for plan in x for v in plan]
    for plan in x:
        model.addCons(quicksum(plan) == 1)
    below = [_denominator(model, quicksum, sent, w, flat) for w in sent.attraction]
    total = {}
    for name, table in [("aim", sent.figures[sent.aim]), *enumerate(sent.limit_amounts())]:
        values = [_ratio(model, quicksum, sent, w * r, flat, s)
                  for w, r, s in zip(sent.attraction, table, below, strict=True)]  # fmt: skip
        total[name] = quicksum(float(n) * v for n, v in zip(sent.customers, values, strict=True))
    for k, (_, constant) in enumerate(sent.limits):
        model.addCons(total[k] + constant >= 0)
    model.setObjective(total["aim"], "maximize")
    began = time.perf_counter()
    model.optimize()
    answer: Data = {"seconds": time.perf_counter() - began, "bound": model.getDualbound(), "note": status(model)}
    if model.getNSols():
        best = model.getBestSol()
        answer["menu"] = [int(np.argmax([best[v] for v in plan])) for plan in x]
    return answer


def _denominator(model: Any, quicksum: Any, sent: Any, w: Any, flat: list[Any]) -> Any:
    parts = sent.split(w)
    s = model.addVar(lb=1.0 + sum(float(p.min()) for p in parts), ub=1.0 + sum(float(p.max()) for p in parts))
    model.addCons(s == 1.0 + quicksum(float(c) * v for c, v in zip(w, flat, strict=True)))
    return s


def _ratio(model: Any, quicksum: Any, sent: Any, earned: Any, flat: list[Any], s: Any) -> Any:
    per = [np.abs(p) for p in sent.split(earned)]
    most = sum(float(p.max()) for p in per)
    v = model.addVar(lb=-most, ub=most)
    model.addCons(v * s == quicksum(float(c) * x for c, x in zip(earned, flat, strict=True)))
    return v


def gurobi_model(job: Data) -> Any:
    """An empty Gurobi model with the job's limits (free size limit: 2,000 variables, 2,000 rows)."""
    import gurobipy as gp

    environment = gp.Env(empty=True)
    environment.setParam("OutputFlag", 0)
    environment.start()
    model = gp.Model(env=environment)
    model.Params.TimeLimit, model.Params.MIPGap = float(job["limit"]), float(job["gap"])
    model.ModelSense = -1
    return model


def gurobi_ours(data: Data, job: Data) -> Data:
    """Gurobi on this project's linear program."""
    import gurobipy as gp
    from scipy import sparse

    model = gurobi_model(job)
    shape = (len(data["p_row_lower"]), len(data["p_costs"]))
    matrix = sparse.csr_matrix((data["p_coefficients"], data["p_indices"], data["p_starts"]), shape)
    kinds = np.where(data["p_integer"], gp.GRB.INTEGER, gp.GRB.CONTINUOUS)
    columns = model.addMVar(shape[1], lb=data["p_lower"], ub=data["p_upper"], obj=data["p_costs"], vtype=kinds)
    lower, upper = data["p_row_lower"], data["p_row_upper"]
    equal = lower == upper
    for rows, sense, side in (
        (equal, "=", lower), (~equal & np.isfinite(lower), ">", lower), (~equal & np.isfinite(upper), "<", upper)
    ):  # fmt: skip
        if rows.any():
            model.addMConstr(matrix[rows], columns, sense, side[rows])
    seconds = _optimised(model)
    offset = float(data["p_offset"])
    answer: Data = {"seconds": seconds, "bound": to_aim(model.ObjBound + offset, job)}
    if model.SolCount:
        answer["menu"] = chosen(data, columns.X)
    return answer


def gurobi_textbook(data: Data, job: Data) -> Data:
    """Gurobi on the textbook program (Bront et al. 2009, Mendez-Diaz et al. 2014): z = share outside x choice."""
    import gurobipy as gp

    sent, model = as_menu(data, job), gurobi_model(job)
    types, levels = sent.attraction.shape
    x = model.addMVar(levels, vtype=gp.GRB.BINARY)
    y = model.addMVar(types, lb=0.0, ub=1.0)
    z = model.addMVar((types, levels), lb=0.0)
    for a, b in zip(sent.edges[:-1], sent.edges[1:], strict=True):
        model.addConstr(x[a:b].sum() == 1)
    for i, w in enumerate(sent.attraction):
        model.addConstr(y[i] + w @ z[i] == 1)
        for k in range(levels):
            model.addConstr(z[i, k] <= y[i])
            model.addConstr((1.0 + w[k]) * z[i, k] <= x[k])
            model.addConstr(y[i] - z[i, k] <= 1 - x[k])
    held = sent.customers[:, None] * sent.attraction
    model.setObjective((held * sent.figures[sent.aim] * z).sum(), gp.GRB.MAXIMIZE)
    for table, (_, constant) in zip(sent.limit_amounts(), sent.limits, strict=True):
        model.addConstr((held * table * z).sum() + constant >= 0)
    answer: Data = {"seconds": _optimised(model), "bound": model.ObjBound}
    if model.SolCount:
        answer["menu"] = [int(part.argmax()) for part in sent.split(x.X)]
    return answer


def _optimised(model: Any) -> float:
    model.update()
    began = time.perf_counter()
    model.optimize()
    return time.perf_counter() - began


def evolution(data: Data, job: Data) -> Data:
    """scipy's differential evolution on level numbers; misses are punished; proves nothing."""
    sent = as_menu(data, job)
    tables = [sent.attraction * t for t in (sent.figures[sent.aim], *sent.limit_amounts())]
    constants = [constant for _, constant in sent.limits]
    size = float(sent.customers.sum() * np.abs(sent.figures[sent.aim]).max())

    def loss(x: Any) -> Any:
        at = np.rint(x).astype(int).reshape(len(sent.counts), -1) + sent.edges[:-1, None]
        y = sent.customers[:, None] / (1.0 + sum(sent.attraction[:, row] for row in at))
        aim, *limits = (sum((t[:, row] * y).sum(axis=0) for row in at) for t in tables)
        missed = sum(np.maximum(0.0, -(f + c)) for f, c in zip(limits, constants, strict=True))
        return -aim + np.where(np.asarray(missed) > 0.0, size + 100.0 * np.asarray(missed), 0.0)

    found, seconds = _evolved(loss, [(0, n - 1) for n in sent.counts], job, True)
    return {"menu": np.rint(found).astype(int), "seconds": seconds}


def prices_evolution(data: Data, job: Data) -> Data:
    """scipy's differential evolution on prices; proves nothing."""
    sent = as_prices(data, job)

    def loss(x: Any) -> Any:
        return np.array([-sent.value(p) for p in x.reshape(len(sent.lower), -1).T])

    found, seconds = _evolved(loss, list(zip(sent.lower, sent.upper, strict=True)), job, False)
    return {"prices": found, "seconds": seconds}


def _evolved(loss: Any, bounds: list[Any], job: Data, whole: bool) -> tuple[Any, float]:
    from scipy.optimize import differential_evolution

    began = time.perf_counter()

    def late(*_: Any, **__: Any) -> bool:
        return time.perf_counter() - began > job["limit"]

    integrality = [whole] * len(bounds)
    result = differential_evolution(
        loss, bounds, maxiter=100_000, rng=1, polish=False, integrality=integrality, vectorized=True,
        updating="deferred", callback=late,
    )  # fmt: skip
    return result.x, time.perf_counter() - began


def prices_scip(data: Data, job: Data) -> Data:
    """SCIP on a ratio form: t = exp(V - top) and the concave p t = t (a - top - log t) / b; one product per segment."""
    from pyscipopt import quicksum

    sent, model = as_prices(data, job), scip_model(job)
    plans = range(len(sent.lower))
    prices = [model.addVar(lb=float(a), ub=float(b)) for a, b in zip(sent.lower, sent.upper, strict=True)]
    values, common = [], None
    for n, constant, slope in zip(sent.customers.tolist(), sent.constants, sent.slopes, strict=True):
        if sent.shared:  # exp(-b p) is one variable for all segments
            common = common or [_priced(model, 0.0, slope[j], sent.lower[j], sent.upper[j], prices[j]) for j in plans]
            parts, scale, top = common, np.exp(constant), 0.0
        else:
            ends = constant - np.stack([slope * sent.lower, slope * sent.upper])
            top, scale = max(0.0, float(ends.max())), np.ones(len(constant))
            parts = [
                _priced(model, constant[j] - top, slope[j], sent.lower[j], sent.upper[j], prices[j]) for j in plans
            ]
        s, v = model.addVar(lb=float(np.exp(-top)), ub=None), model.addVar(lb=0.0, ub=float(sent.upper.max()))
        model.addCons(s == float(np.exp(-top)) + quicksum(float(c) * t for c, (t, _) in zip(scale, parts, strict=True)))
        model.addCons(v * s <= quicksum(float(c) * g for c, (_, g) in zip(scale, parts, strict=True)))
        values.append(n * v)
    model.setObjective(quicksum(values), "maximize")
    began = time.perf_counter()
    model.optimize()
    answer: Data = {"seconds": time.perf_counter() - began, "bound": model.getDualbound(), "note": status(model)}
    if model.getNSols():
        best = model.getBestSol()
        answer["prices"] = _prices_at(best, prices, common, sent)
    return answer


def _prices_at(best: Any, prices: list[Any], common: list[Any] | None, sent: Any) -> Any:
    """The prices of a solution; from exp(-b p) where the program has no price of its own."""
    if common is None:
        return np.array([best[p] for p in prices])
    raw = [-np.log(max(best[t], 1e-300)) / b for (t, _), b in zip(common, sent.slopes[0], strict=True)]
    return np.clip(raw, sent.lower, sent.upper)


def _priced(model: Any, constant: float, slope: float, low: float, high: float, price: Any) -> tuple[Any, Any]:
    """t = exp(constant - slope price), at most 1 or so, and at most price x t."""
    from pyscipopt import exp, log

    ends = sorted(float(np.exp(constant - slope * q)) for q in (low, high))
    t, g = model.addVar(lb=ends[0], ub=ends[1]), model.addVar(lb=None, ub=None)
    if slope > 1e-9:
        model.addCons(float(slope) * g <= float(constant) * t - t * log(t))
    else:
        model.addCons(g <= price * t)
    if constant:
        model.addCons(t == exp(float(constant) - float(slope) * price))
    return t, g


def frontier_pymoo(data: Data, job: Data) -> Data:
    """NSGA-II of pymoo on level numbers; proves nothing."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize

    sent = as_menu(data, job)
    tables = [sent.attraction * sent.figures[f] for f in job["sides"]]

    class Levels(Problem):
        def __init__(self) -> None:
            super().__init__(n_var=len(sent.counts), n_obj=2, xl=0.0, xu=sent.counts - 1.0)

        def _evaluate(self, x: Any, out: Data, *_: Any, **__: Any) -> None:
            at = np.rint(x).astype(int).T + sent.edges[:-1, None]
            y = sent.customers[:, None] / (1.0 + sum(sent.attraction[:, row] for row in at))
            out["F"] = -np.stack([sum((t[:, row] * y).sum(axis=0) for row in at) for t in tables], axis=1)

    seconds = min(job["limit"], job.get("budget", job["limit"]))
    began = time.perf_counter()
    found = minimize(Levels(), NSGA2(pop_size=200), ("time", seconds), seed=1)
    points = np.unique(np.round(-found.F, 9), axis=0)
    return {"points": points, "seconds": time.perf_counter() - began, "solves": int(found.algorithm.evaluator.n_eval)}
