"""Pricing strategy optimizer: free-tier limits, prices and the consumer/enterprise mix, proven best.

>>> import optimizer
>>> solution = optimizer.solve_case("assistant-startup-margin")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizer.errors import Finding, InfeasibleError, InputError, NotTrustedError, OptimizerError, SolverError
    from optimizer.library import list_cases, list_markets
    from optimizer.load import load_inputs as load_case
    from optimizer.results import Solution
    from optimizer.run import check_case, evaluate_case, solve_case
    from optimizer.schema import Case, Market

_HOMES = {
    "Case": "optimizer.schema",
    "Finding": "optimizer.errors",
    "InfeasibleError": "optimizer.errors",
    "InputError": "optimizer.errors",
    "Market": "optimizer.schema",
    "NotTrustedError": "optimizer.errors",
    "OptimizerError": "optimizer.errors",
    "Solution": "optimizer.results",
    "SolverError": "optimizer.errors",
    "check_case": "optimizer.run",
    "evaluate_case": "optimizer.run",
    "list_cases": "optimizer.library",
    "list_markets": "optimizer.library",
    "load_case": "optimizer.load",
    "solve_case": "optimizer.run",
}

__all__ = [
    "Case",
    "Finding",
    "InfeasibleError",
    "InputError",
    "Market",
    "NotTrustedError",
    "OptimizerError",
    "Solution",
    "SolverError",
    "__version__",
    "check_case",
    "evaluate_case",
    "list_cases",
    "list_markets",
    "load_case",
    "solve_case",
]


def __getattr__(name: str) -> Any:
    """Public names are imported when first used: ``import optimizer`` stays quick."""
    if name == "__version__":
        return import_module("optimizer.versions").package_version()
    if name not in _HOMES:
        raise AttributeError(f"module 'optimizer' has no attribute {name!r}")
    attribute = "load_inputs" if name == "load_case" else name
    return getattr(import_module(_HOMES[name]), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
