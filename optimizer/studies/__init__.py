"""Studies: the one path from case to plan, called again with a changed case or limit."""

from optimizer.studies.compare import Comparison, compare_case, compare_cases
from optimizer.studies.explain import Explanation, explain_case
from optimizer.studies.frontier import Frontier, FrontierPoint, frontier_case
from optimizer.studies.sensitivity import Tornado, sensitivity_case

__all__ = [
    "Comparison",
    "Explanation",
    "Frontier",
    "FrontierPoint",
    "Tornado",
    "compare_case",
    "compare_cases",
    "explain_case",
    "frontier_case",
    "sensitivity_case",
]
