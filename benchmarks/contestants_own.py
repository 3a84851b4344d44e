"""This project, HiGHS on the full program, coordinate ascent and complete enumeration (the project's environment)."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.instances import Menu, Prices

Data = dict[str, Any]


def as_menu(data: Data, job: Data) -> Menu:
    """The instance that was sent."""
    figures = {name.removeprefix("figure_"): table for name, table in data.items() if name.startswith("figure_")}
    limits = tuple((weights, constant) for weights, constant in job["limits"])
    return Menu(
        job["name"], data["customers"], data["counts"], data["attraction"], figures, job["aim"], limits,
        data.get("prices"), job["seed"], job["extra"],
    )  # fmt: skip


def as_prices(data: Data, job: Data) -> Prices:
    """The instance that was sent."""
    parts = (data[k] for k in ("customers", "constants", "slopes", "lower", "upper"))
    return Prices(job["name"], *parts, job["shared"])


def menu_problem(sent: Menu) -> Any:
    """The array problem, conditions and all."""
    from optimizer.problems.menu import Condition, MenuProblem, Ratio

    conditions = []
    if sent.limits:
        conditions = [
            Condition(Ratio("margin", "revenue"), at_least=sent.extra["rate"], name="margin"),
            Condition("usage", at_most=sent.extra["cap"], name="compute"),
        ]
    amounts = {name: sent.split(table) for name, table in sent.figures.items()}
    return MenuProblem(sent.customers, sent.split(sent.attraction), amounts, conditions=conditions)


def ours(data: Data, job: Data) -> Data:
    """``MenuProblem.solve``, construction included."""
    from optimizer.search.kernels import load

    sent = as_menu(data, job)
    menu_problem(sent)  # imports
    load()
    began, cpu = time.perf_counter(), time.process_time()
    found = menu_problem(sent).solve(sent.aim, gap=job["gap"], time_limit=job["limit"])
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    boxes = getattr(found.work, "boxes", None)
    return {"menu": found.menu, "bound": found.bound, "seconds": seconds, "cpu": cpu, "boxes": boxes}


def highs_best(data: Data, job: Data) -> Data:
    """``MenuProblem.solve(screen=False)``: HiGHS with the best settings known, warm-started by coordinate ascent."""
    import optimizer.formulation.program  # noqa: F401

    sent = as_menu(data, job)
    problem = menu_problem(sent)
    found = problem.solve(sent.aim, gap=job["gap"], time_limit=job["limit"], screen=False)
    return {"menu": found.menu, "bound": found.bound, "seconds": found.seconds - found.work.build_seconds}


def highs_default(data: Data, job: Data) -> Data:
    """HiGHS with its defaults on the compiled program, building not counted."""
    import highspy

    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("time_limit", float(job["limit"]))
    h.setOptionValue("mip_rel_gap", float(job["gap"]))
    lp = highs_lp(highspy, data)
    began = time.perf_counter()
    h.passModel(lp)
    h.run()
    seconds = time.perf_counter() - began
    info = h.getInfo()
    answer: Data = {"seconds": seconds, "bound": to_aim(info.mip_dual_bound, job), "nodes": info.mip_node_count}
    if np.isfinite(info.objective_function_value) and str(info.primal_solution_status).endswith("2"):
        answer["menu"] = chosen(data, np.array(h.getSolution().col_value))
    elif len(values := np.array(h.getSolution().col_value)):
        answer["menu"] = chosen(data, values)
    return answer


def highs_lp(highspy: Any, data: Data) -> Any:
    """The compiled program in HiGHS's own form."""
    rows, columns = len(data["p_row_lower"]), len(data["p_costs"])
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = rows, columns
    lp.sense_, lp.offset_ = highspy.ObjSense.kMaximize, float(data["p_offset"])
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = data["p_costs"], data["p_lower"], data["p_upper"]
    lp.row_lower_, lp.row_upper_ = data["p_row_lower"], data["p_row_upper"]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = rows, columns
    lp.a_matrix_.start_, lp.a_matrix_.index_ = data["p_starts"].astype(np.int32), data["p_indices"].astype(np.int32)
    lp.a_matrix_.value_ = data["p_coefficients"]
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[k] for k in data["p_integer"].astype(int).tolist()]
    return lp


def to_aim(objective: float, job: Data) -> float:
    """A bound of the aim from a bound of the program's objective."""
    return float(objective) / job["scale"] + job["dropped"]


def chosen(data: Data, values: Any) -> list[int] | None:
    """The menu in a solver's point (p_x rows: plan, level, column)."""
    menu: dict[int, int] = {}
    for plan, level, column in data["p_x"].tolist():
        if values[column] > 0.5:
            menu[plan] = level
    return [menu[j] for j in sorted(menu)] if len(menu) == len(set(data["p_x"][:, 0].tolist())) else None


def ascent(data: Data, job: Data) -> Data:
    """Multi-start coordinate ascent, 16 starts; proves nothing."""
    from optimizer.search import local_search

    sent = as_menu(data, job)
    problem = menu_problem(sent)
    began = time.perf_counter()
    found = local_search(problem.instance, problem.figures[sent.aim], problem._limits)
    seconds = time.perf_counter() - began
    return {"seconds": seconds} if found is None else {"menu": found[0], "seconds": seconds}


def enumeration(data: Data, job: Data) -> Data:
    """Every menu, in numpy, in chunks; written apart from the project's own."""
    sent = as_menu(data, job)
    began = time.perf_counter()
    total = int(np.prod(sent.counts, dtype=object))
    chunk = max(1, int(4e6 // (sent.attraction.shape[0] * len(sent.counts))))
    best, menu = -np.inf, None
    tables = {"aim": sent.attraction * sent.figures[sent.aim]}
    tables |= {str(k): sent.attraction * a for k, a in enumerate(sent.limit_amounts())}
    for start in range(0, total, chunk):
        if time.perf_counter() - began > job["limit"]:
            note = f"{start / total:.1%} of {total:.2g} menus seen"
            return {"menu": menu, "seconds": time.perf_counter() - began, "note": note}
        index = np.arange(start, min(start + chunk, total))
        levels = np.stack(np.unravel_index(index, sent.counts)) + sent.edges[:-1, None]
        y = sent.customers[:, None] / (1.0 + sum(sent.attraction[:, row] for row in levels))
        value = {k: sum((t[:, row] * y).sum(axis=0) for row in levels) for k, t in tables.items()}
        kept = np.ones(len(index), dtype=bool)
        for k, (_, constant) in enumerate(sent.limits):
            kept &= value[str(k)] + constant >= -1e-6 * max(abs(constant), float(np.abs(value["aim"]).max()))
        aim = np.where(kept, value["aim"], -np.inf)
        if aim.max() > best:
            best, menu = float(aim.max()), (levels[:, aim.argmax()] - sent.edges[:-1]).tolist()
    return {"menu": menu, "bound": best, "seconds": time.perf_counter() - began, "note": f"{total:.2g} menus"}


def prices_ours(data: Data, job: Data) -> Data:
    """``PriceProblem.solve``, construction included."""
    from optimizer.problems.price import PriceProblem

    sent = as_prices(data, job)
    costs = np.zeros(len(sent.lower))
    began = time.perf_counter()
    problem = PriceProblem(sent.customers, sent.constants, sent.slopes, costs, sent.lower, sent.upper)
    found = problem.solve(gap=job["gap"], time_limit=job["limit"])
    return {"prices": found.prices, "bound": found.bound, "seconds": time.perf_counter() - began}


def prices_ascent(data: Data, job: Data) -> Data:
    """Coordinate ascent on a grid of prices; proves nothing."""
    from optimizer.search import local_search

    sent = as_prices(data, job)
    grid = sent.on_grid()
    problem = menu_problem(grid)
    began = time.perf_counter()
    found = local_search(problem.instance, problem.figures["margin"])
    seconds = time.perf_counter() - began
    if found is None:
        return {"seconds": seconds}
    table = grid.figures["margin"][0]
    return {"prices": table[grid.edges[:-1] + np.array(found[0])], "seconds": seconds}


def prices_grid(data: Data, job: Data) -> Data:
    """Two prices: every pair of 201 x 201; proves nothing between them."""
    sent = as_prices(data, job)
    began = time.perf_counter()
    axis = [np.linspace(a, b, 201) for a, b in zip(sent.lower, sent.upper, strict=True)]
    best, at = -np.inf, None
    for p in axis[0]:
        for q in axis[1]:
            value = sent.value([p, q])
            if value > best:
                best, at = value, [p, q]
        if time.perf_counter() - began > job["limit"]:
            break
    return {"prices": at, "seconds": time.perf_counter() - began}


def market_ours(data: Data, job: Data) -> Data:
    """A shipped case, after loading: solving, auditing, cross-check by HiGHS where the case asks for it."""
    from optimizer.answer.run import solve_case_model
    from optimizer.model.case_model import prepare_case

    problem = prepare_case(job["case"])
    settings = own_settings(job)
    began = time.perf_counter()
    found = solve_case_model(problem, settings)
    seconds = time.perf_counter() - began
    value, bound = found.objective.value, found.objective.bound
    return {"value": value, "bound": bound, "seconds": seconds, "boxes": found.work.boxes, "menus": found.menus}


def market_whole(data: Data, job: Data) -> Data:
    """The same with screening off: HiGHS with the best settings known on the whole program."""
    from optimizer.answer.run import solve_case_model
    from optimizer.model.case_model import prepare_case

    problem = prepare_case(job["case"])
    began = time.perf_counter()
    found = solve_case_model(problem, own_settings(job, screen=False))
    seconds = time.perf_counter() - began
    return {"value": found.objective.value, "bound": found.objective.bound, "seconds": seconds}


def own_settings(job: Data, screen: bool = True) -> Any:
    """Settings for a market's solve."""
    from optimizer.optimise.outcome import Settings

    deadline = time.monotonic() + job["limit"]
    return Settings(gap=job["gap"], deadline=deadline, screen=screen, cross_check=False)


def frontier_ours(data: Data, job: Data) -> Data:
    """All efficient menus, or 21 points, of two figures; and one solve of the same problem."""
    from optimizer.economics.figures import TOTAL
    from optimizer.model.measures import Measure
    from optimizer.optimise import frontier as tracing
    from optimizer.optimise.frontier import Side, trace
    from optimizer.optimise.outcome import Settings
    from optimizer.optimise.ratio import best

    sent = as_menu(data, job)
    if job["walk"]:
        tracing.ENUMERATED = 0  # small problems are enumerated otherwise, without any solve
    problem = menu_problem(sent)
    x, y = (Side(Measure(n, TOTAL, problem.figures[n], None, 0.0), 1) for n in job["sides"])
    settings = Settings(gap=job["gap"], scale=1.0, deadline=time.monotonic() + job["limit"], cross_check=False)
    began = time.perf_counter()
    best(problem.instance, y.measure, 1, problem._limits, settings)
    one = time.perf_counter() - began
    began = time.perf_counter()
    traced = trace(problem.instance, x, y, problem._limits, settings, everything=job["everything"])
    seconds = time.perf_counter() - began
    points = [[s.x, s.y] for s in traced.points]
    return {"points": points, "solves": traced.solves, "seconds": seconds, "one": one, "complete": traced.complete}


def frontier_market(data: Data, job: Data) -> Data:
    """21 points of a shipped case, and one solve of it; both after loading, medians of three."""
    from optimizer.answer.run import solve_case_model
    from optimizer.economics.figures import TOTAL
    from optimizer.model.case_model import prepare_case
    from optimizer.model.measures import measure
    from optimizer.optimise.frontier import Side, trace
    from optimizer.optimise.objectives import objective_of
    from optimizer.optimise.outcome import Settings

    problem = prepare_case(job["case"])
    today = problem.today.figure
    aim = objective_of(problem.inputs.case.objective, problem.today).last
    x = Side(measure(problem.built, job["x"], TOTAL, today), 1)
    y = Side(measure(problem.built, aim.name, TOTAL, today), aim.sense)
    scale = 1e-6 * abs(today("revenue"))
    settings = Settings(gap=job["gap"], scale=scale, deadline=time.monotonic() + job["limit"], cross_check=False)
    one, seconds = [], []
    for _ in range(3):
        began = time.perf_counter()
        solve_case_model(problem, settings)
        one.append(time.perf_counter() - began)
        began = time.perf_counter()
        traced = trace(problem.built.instance, x, y, (), settings, points=21)
        seconds.append(time.perf_counter() - began)
    points = [[s.x, s.y] for s in traced.points]
    return {"points": points, "solves": traced.solves, "seconds": sorted(seconds)[1], "one": sorted(one)[1]}


def efficient(data: Data, job: Data) -> Data:
    """All non-dominated points by complete enumeration."""
    sent = as_menu(data, job)
    began = time.perf_counter()
    index = np.arange(int(np.prod(sent.counts)))
    levels = np.stack(np.unravel_index(index, sent.counts)) + sent.edges[:-1, None]
    y = sent.customers[:, None] / (1.0 + sum(sent.attraction[:, row] for row in levels))
    both = [sum((sent.attraction[:, r] * sent.figures[f][:, r] * y).sum(axis=0) for r in levels) for f in job["sides"]]
    order = np.lexsort((-both[1], -both[0]))
    top = np.maximum.accumulate(both[1][order])
    kept = np.concatenate([[True], both[1][order][1:] > top[:-1] * (1 + 1e-9)])
    points = np.stack(both)[:, order][:, kept].T
    return {"points": points, "solves": len(index), "seconds": time.perf_counter() - began, "complete": True}
