"""Studies: the one path from case to plan, called again with a changed case or limit."""

from optimizer.studies.compare import Comparison, compare_case
from optimizer.studies.frontier import Frontier, FrontierPoint, frontier_case

__all__ = ["Comparison", "Frontier", "FrontierPoint", "compare_case", "frontier_case"]
