"""Pricing strategy optimizer: free-tier limits, prices and the consumer/enterprise mix, proven best.

>>> import optimizer
>>> solution = optimizer.solve_case("assistant-startup-margin")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from optimizer.answer import views

if TYPE_CHECKING:
    from optimizer.answer.backtest import Backtests as Backtests
    from optimizer.answer.backtest import backtest as backtest
    from optimizer.answer.comparison import Comparison as Comparison
    from optimizer.answer.explanation import Explanation as Explanation
    from optimizer.answer.frontier import Frontier as Frontier
    from optimizer.answer.path import PathSolution as PathSolution
    from optimizer.answer.robustness import RobustAnswer as RobustAnswer
    from optimizer.answer.run import evaluate_case as evaluate_case
    from optimizer.answer.run import solve_case as solve_case
    from optimizer.answer.solution import Solution as Solution
    from optimizer.answer.tornado import Tornado as Tornado
    from optimizer.errors import Finding as Finding
    from optimizer.errors import InfeasibleError as InfeasibleError
    from optimizer.errors import InputError as InputError
    from optimizer.errors import NotTrustedError as NotTrustedError
    from optimizer.errors import OptimizerError as OptimizerError
    from optimizer.errors import SolverError as SolverError
    from optimizer.horizon.problem import HorizonLimit as HorizonLimit
    from optimizer.horizon.problem import HorizonProblem as HorizonProblem
    from optimizer.horizon.problem import HorizonSolution as HorizonSolution
    from optimizer.inputs.load import load_case as load_case
    from optimizer.io.library import list_backtests as list_backtests
    from optimizer.io.library import list_cases as list_cases
    from optimizer.io.library import list_markets as list_markets
    from optimizer.learn.market import FitOptions as FitOptions
    from optimizer.learn.market import learn_market as learn_market
    from optimizer.learn.results import LearnedMarket as LearnedMarket
    from optimizer.model.case_model import check_case as check_case
    from optimizer.problems.menu import Burst as Burst
    from optimizer.problems.menu import Condition as Condition
    from optimizer.problems.menu import MenuProblem as MenuProblem
    from optimizer.problems.menu import MenuSolution as MenuSolution
    from optimizer.problems.menu import Nest as Nest
    from optimizer.problems.menu import Ratio as Ratio
    from optimizer.problems.price import PriceProblem as PriceProblem
    from optimizer.problems.price import PriceSolution as PriceSolution
    from optimizer.schema.case import Case as Case
    from optimizer.schema.case import Change as Change
    from optimizer.schema.market import Market as Market
    from optimizer.studies.compare import compare_case as compare_case
    from optimizer.studies.compare import compare_cases as compare_cases
    from optimizer.studies.explain import explain_case as explain_case
    from optimizer.studies.frontier import frontier_case as frontier_case
    from optimizer.studies.rivalry import Rivalry as Rivalry
    from optimizer.studies.rivalry import rivals_case as rivals_case
    from optimizer.studies.robust import robust_case as robust_case
    from optimizer.studies.sensitivity import sensitivity_case as sensitivity_case
    from optimizer.uncertainty.problem import RobustProblem as RobustProblem
    from optimizer.uncertainty.statements import RobustSolution as RobustSolution

_PUBLIC = {
    "answer.backtest": "Backtests backtest",
    "answer.comparison": "Comparison",
    "answer.explanation": "Explanation",
    "answer.frontier": "Frontier",
    "answer.path": "PathSolution",
    "answer.robustness": "RobustAnswer",
    "answer.run": "evaluate_case solve_case",
    "answer.solution": "Solution",
    "answer.tornado": "Tornado",
    "errors": "Finding InfeasibleError InputError NotTrustedError OptimizerError SolverError",
    "horizon.problem": "HorizonLimit HorizonProblem HorizonSolution",
    "inputs.load": "load_case",
    "io.library": "list_backtests list_cases list_markets",
    "learn.market": "FitOptions learn_market",
    "learn.results": "LearnedMarket",
    "model.case_model": "check_case",
    "problems.menu": "Burst Condition MenuProblem MenuSolution Nest Ratio",
    "problems.price": "PriceProblem PriceSolution",
    "schema.case": "Case Change",
    "schema.market": "Market",
    "studies.compare": "compare_case compare_cases",
    "studies.explain": "explain_case",
    "studies.frontier": "frontier_case",
    "studies.rivalry": "Rivalry rivals_case",
    "studies.robust": "robust_case",
    "studies.sensitivity": "sensitivity_case",
    "uncertainty.problem": "RobustProblem",
    "uncertainty.statements": "RobustSolution",
}
_HOMES = {name: f"optimizer.{home}" for home, names in _PUBLIC.items() for name in names.split()}


def _charts() -> None:
    """Results are drawn by the charts and shown on the live page, which are imported when first asked for."""
    from optimizer.page import notebook as notebook
    from optimizer.report import charts as charts


views.install(_charts)


def __getattr__(name: str) -> Any:
    """Public names are imported when first used: ``import optimizer`` stays quick."""
    if name == "__version__":
        return import_module("optimizer.versions").own_version()
    if name == "__all__":
        return [*sorted(_HOMES), "__version__"]
    if name not in _HOMES:
        raise AttributeError(f"module 'optimizer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*sorted(_HOMES), "__version__"]
