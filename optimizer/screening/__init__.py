"""Proven optima by screening: coordinate ascent, separable bounds, best-first search, enumeration of what is small."""

from optimizer.screening.engine import enumerate_menus, local_search, maximise
from optimizer.screening.evaluation import evaluate_many
from optimizer.screening.past import Past
from optimizer.screening.problem import Box
from optimizer.screening.recheck import recheck
from optimizer.screening.result import Screened

__all__ = ["Box", "Past", "Screened", "enumerate_menus", "evaluate_many", "local_search", "maximise", "recheck"]
