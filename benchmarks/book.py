"""The cells measured in a run: every cell once, best known values, and the limits of the run."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks import runner
from benchmarks.instances import Menu, Prices
from benchmarks.runner import Cell, Contestant

OURS = Contestant("this project", "contestants_own", "ours")
HIGHS = Contestant("HiGHS, defaults, full program", "contestants_own", "highs_default", program=True)
HIGHS_BEST = Contestant("HiGHS, best settings, full program", "contestants_own", "highs_best")
SCIP_LINEAR = Contestant("SCIP, linear program", "contestants_solvers", "scip_linear", "solvers", program=True)
SCIP_RATIOS = Contestant("SCIP, nonlinear program", "contestants_solvers", "scip_ratios", "solvers")
GUROBI_TEXT = Contestant("Gurobi (free limit), textbook", "contestants_solvers", "gurobi_textbook", "solvers")
GUROBI_OURS = Contestant("Gurobi (free limit), our program", "contestants_solvers", "gurobi_ours", "solvers", True)
EVOLUTION = Contestant("differential evolution", "contestants_solvers", "evolution", "solvers", proves=False)
ENUMERATION = Contestant("enumeration in numpy", "contestants_own", "enumeration")
ASCENT = Contestant("coordinate ascent, 16 starts", "contestants_own", "ascent", proves=False)
CHOICE = Contestant("choice-learn 1.3.3 (CBC)", "contestants_choice", "pricing", "choice")
MENU = (
    OURS, HIGHS, HIGHS_BEST, SCIP_LINEAR, SCIP_RATIOS, GUROBI_TEXT, GUROBI_OURS, EVOLUTION, ENUMERATION, ASCENT,
)  # fmt: skip

PRICES_OURS = Contestant("this project", "contestants_own", "prices_ours")
PRICES_SCIP = Contestant("SCIP, ratio form", "contestants_solvers", "prices_scip", "solvers")
PRICES_EVOLUTION = Contestant(
    "differential evolution", "contestants_solvers", "prices_evolution", "solvers", proves=False
)
PRICES_ASCENT = Contestant("coordinate ascent on 300 prices", "contestants_own", "prices_ascent", proves=False)
PRICES_GRID = Contestant("every pair of 201 x 201 prices", "contestants_own", "prices_grid", proves=False)

MARKET_OURS = Contestant("this project", "contestants_own", "market_ours")
MARKET_WHOLE = Contestant("HiGHS, best settings, full program", "contestants_own", "market_whole")

FRONTIER_OURS = Contestant("this project", "contestants_own", "frontier_ours")
FRONTIER_WALK = Contestant("this project, enumeration off", "contestants_own", "frontier_ours")
FRONTIER_MARKET = Contestant("this project", "contestants_own", "frontier_market")
FRONTIER_ALL = Contestant("enumeration in numpy", "contestants_own", "efficient")
FRONTIER_PYMOO = Contestant("pymoo NSGA-II", "contestants_solvers", "frontier_pymoo", "solvers", proves=False)
FRONTIER_AUGMECON = Contestant("pyaugmecon 2.0.1", "contestants_frontier", "pyaugmecon", "frontier", program=True)


@dataclass
class Book:
    """What was measured so far."""

    mode: str
    limit: float
    """Seconds per cell."""
    cells: dict[tuple[str, str, float, float], Cell] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    """Best known value of each instance."""
    raws: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def pick(self, quick: Any, standard: Any, full: Any) -> Any:
        """A setting by the size of the run."""
        return {"quick": quick, "standard": standard, "full": full}[self.mode]

    def menu(self, contestant: Contestant, sent: Menu, gap: float, limit: float | None = None) -> Cell:
        """A cell on a menu problem."""
        return self._cell(contestant, sent, gap, limit, menu_arrays, menu_value)

    def prices(self, contestant: Contestant, sent: Prices, gap: float, limit: float | None = None) -> Cell:
        """A cell on a price problem."""
        return self._cell(contestant, sent, gap, limit, price_arrays, price_value)

    def market(self, contestant: Contestant, case: str, gap: float, limit: float | None = None) -> Cell:
        """A cell on a shipped case."""
        return self._cell(contestant, case, gap, limit, lambda c, _: ({}, {"case": c}), lambda _, raw: raw.get("value"))

    def _cell(
        self, contestant: Contestant, sent: Any, gap: float, limit: float | None, arrays: Any, value: Any
    ) -> Cell:
        limit = self.limit if limit is None else limit
        name = sent if isinstance(sent, str) else sent.name
        key = (contestant.function, name, gap, limit)
        if key not in self.cells:
            began = time.perf_counter()
            say(f"{contestant.name}: {name} to {gap:g} ...")
            self.cells[key] = self._measured(contestant, sent, name, gap, limit, arrays, value)
            cell = self.cells[key]
            ended = cell.failed or f"{cell.seconds:.3g} s, gap {cell.gap:.2g}"
            say(f"    {ended} ({time.perf_counter() - began:.1f} s in all)")
        return self.cells[key]

    def _measured(
        self, contestant: Contestant, sent: Any, name: str, gap: float, limit: float, arrays: Any, value: Any
    ) -> Cell:
        try:
            data, params = arrays(sent, contestant.program)
        except Exception as error:
            return Cell(contestant.name, name, gap, limit, failed=f"{type(error).__name__}: {error}"[:120])
        raw = runner.run(contestant, data, {**params, "gap": gap}, limit)
        nan = float("nan")
        if raw.get("killed"):
            raw["seconds"] = limit  # it took longer: ratios with it are "more than"
        found = nan if raw.get("failed") else value(sent, raw)
        found = nan if found is None else found
        bound = raw.get("bound") if contestant.proves else None
        cell = Cell(
            contestant.name, name, gap, limit, raw.get("seconds", nan), found, nan if bound is None else bound,
            raw.get("megabytes", nan), raw.get("failed", ""), raw.get("note", ""), raw,
        )  # fmt: skip
        if not np.isnan(found):
            self.best[name] = max(self.best.get(name, -np.inf), found)
        return cell

    def raw(
        self, contestant: Contestant, name: str, arrays: Mapping[str, Any], params: Mapping[str, Any], limit: float
    ) -> dict[str, Any]:
        """A cell whose answer is no single value (frontiers)."""
        if (contestant.name, name) not in self.raws:
            say(f"{contestant.name}: {name} ...")
            self.raws[contestant.name, name] = runner.run(contestant, arrays, params, limit)
        return self.raws[contestant.name, name]

    def relative(self, cell: Cell) -> float:
        """The value found over the best known, less 1."""
        best = self.best.get(cell.instance, float("nan"))
        return cell.value / best - 1.0 if best else float("nan")

    def false_bound(self, cell: Cell) -> bool:
        """Whether the bound lies below a feasible value (by more than 1e-6 relative)."""
        best = self.best.get(cell.instance, float("nan"))
        return cell.bound < best - 1e-6 * abs(best)


def say(text: str) -> None:
    """Progress goes to the error stream, tables to the output."""
    print(text, file=sys.stderr, flush=True)


def menu_arrays(sent: Menu, program: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a cell is sent."""
    arrays = {"customers": sent.customers, "counts": sent.counts, "attraction": sent.attraction}
    arrays |= {f"figure_{name}": table for name, table in sent.figures.items()}
    if sent.prices is not None:
        arrays["prices"] = sent.prices
    extra = {k: v for k, v in sent.extra.items() if isinstance(v, int | float)}
    params = {"name": sent.name, "limits": sent.limits, "aim": sent.aim, "seed": sent.seed, "extra": extra}
    if program:
        more, scales = program_arrays(_Hashed(sent))
        return arrays | more, params | scales
    return arrays, params


@dataclass(frozen=True, eq=False)
class _Hashed:
    """The menu problem by name, for the cache."""

    sent: Menu

    def __hash__(self) -> int:
        return hash(self.sent.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and other.sent.name == self.sent.name


@functools.lru_cache(maxsize=2)
def program_arrays(held: _Hashed) -> tuple[dict[str, Any], dict[str, Any]]:
    """The compiled program of a menu problem."""
    from benchmarks.contestants_own import menu_problem

    model = menu_problem(held.sent).to_pyomo(held.sent.aim)
    return compiled(model)


def compiled(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A Pyomo program as arrays, with where the levels' binaries are."""
    from optimizer.solve.lowering import lower_program

    p = lower_program(model)
    arrays = {
        "p_costs": p.costs, "p_lower": p.lower, "p_upper": p.upper, "p_integer": p.integer, "p_starts": p.starts,
        "p_indices": p.indices, "p_coefficients": p.coefficients, "p_row_lower": p.row_lower,
        "p_row_upper": p.row_upper, "p_offset": np.array(p.offset),
        "p_x": np.array([(j, k, column) for (j, k), column in p.columns["x"].items()]),
    }  # fmt: skip
    return arrays, {"scale": float(model.record.scale), "dropped": float(model.record.dropped), "shape": p.shape}


def menu_value(sent: Menu, raw: Mapping[str, Any]) -> float | None:
    """By direct evaluation; None where there is no menu or it breaks a condition."""
    if raw.get("menu") is None:
        return None
    value, miss = sent.measure(np.array(raw["menu"]))
    return value if miss <= 2e-6 else None


def price_arrays(sent: Prices, _: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a cell is sent."""
    names = ("customers", "constants", "slopes", "lower", "upper")
    return {k: getattr(sent, k) for k in names}, {"name": sent.name, "shared": sent.shared}


def price_value(sent: Prices, raw: Mapping[str, Any]) -> float | None:
    """Revenue by direct evaluation, prices pushed inside their bounds."""
    if raw.get("prices") is None:
        return None
    return sent.value(np.clip(np.array(raw["prices"], dtype=float), sent.lower, sent.upper))
