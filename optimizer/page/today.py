"""Today as the page tells it: figures by the evaluator, for the comparison and for readers without scripts."""

from __future__ import annotations

from typing import Any

from optimizer.economics.figures import FIGURES, TILES, Selection, known_as
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel

Data = dict[str, Any]
ALSO = ("payers_churn_rate", "cap_binding_share")
"""Told beside the figures that a board looks at first."""
OF_PLANS = ("customers", "paying_customers", "revenue", "contribution_margin")


def today_facts(today: Evaluation) -> Data:
    """Every figure today, some of them by plan and by segment, and GPUs by pool and block of hours."""
    return {
        "figures": {name: today.figure(name) for name in FIGURES},
        "plans": {p: {n: today.figure(n, Selection(plan=p)) for n in OF_PLANS} for p in today.plans},
        "segments": {
            s: {"customers": today.figure("customers", Selection(segment=s))}
            for s in today.prepared.population.segments
        },
        "busy": today.busy.tolist(),
    }


def tile_names(case_model: CaseModel) -> list[str]:
    """Figures at a glance: what the case is about first, then what a board looks at."""
    case = case_model.inputs.case
    o = case.objective
    aims = [o.maximise, o.minimise, *(o.blend or ()), *(s.maximise or s.minimise for s in o.lexicographic or ())]
    asked = [name for name in aims if name] + [c.figure for c in case.conditions]
    return list(dict.fromkeys([*map(known_as, asked), *TILES, *ALSO]))[:10]
