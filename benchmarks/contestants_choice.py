"""choice-learn's latent-class pricing optimizer, in an environment of its own."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.contestants_own import Data, as_menu


def pricing(data: Data, job: Data) -> Data:
    """The package's program with CBC. It leaves out the last item, so a dummy is appended; it states no bound."""
    from choice_learn.toolbox.assortment_optimizer import LatentClassPricingOptimizer

    sent = as_menu(data, job)
    plans = len(sent.counts)
    # the last level of every plan is its absence, which the package expresses by choosing no price
    attraction = [[part[:-1].tolist() for part in sent.split(row)] + [[0.0]] for row in sent.attraction]
    values = [part[:-1].tolist() for part in sent.split(sent.prices)] + [[0.0]]
    made = LatentClassPricingOptimizer("or-tools", sent.customers.tolist(), attraction, values, plans)
    made.solver.SetTimeLimit(int(1000 * job["limit"]))
    began = time.perf_counter()
    made.solve()
    seconds = time.perf_counter() - began
    answer: Data = {"seconds": seconds, "menu": [_level(made.y, j + 1, n) for j, n in enumerate(sent.counts)]}
    if made.status == 0:
        answer["bound"] = made.solver.Objective().BestBound()
    return answer


def _level(y: Any, item: int, levels: int) -> int:
    picked = [k for k in range(levels - 1) if y[(item, k)].solution_value() > 0.5]
    return picked[0] if picked else int(levels) - 1
