"""Proven optima by screening: coordinate ascent, separable bounds, best-first search, enumeration of what is small."""

from optimizer.search.engine import SearchStatus
from optimizer.search.levels.evaluation import evaluate_many
from optimizer.search.levels.layout import Box
from optimizer.search.levels.maximise import enumerate_menus, local_search, maximise
from optimizer.search.levels.result import Screened
from optimizer.search.levels.shared import SharedSearch
from optimizer.search.proof.certificate import unsearched
from optimizer.search.proof.recheck import recheck
from optimizer.search.proof.statement import straightened
from optimizer.search.tuning import Tuning

__all__ = [
    "Box", "Screened", "SearchStatus", "SharedSearch", "Tuning", "enumerate_menus", "evaluate_many", "local_search",
    "maximise", "recheck", "straightened", "unsearched",
]  # fmt: skip
