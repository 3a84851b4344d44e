"""What answers over draws cost: ``python -m benchmarks.robust [CASE] [DRAWS]``, CPU seconds and peak memory.

Every risk of the case over the same draws. Ratios are to the time in which the draws were built in the same run.
"""

from __future__ import annotations

import resource
import sys


def spent() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(case: str = "openai-2025-robust", count: str = "100") -> None:
    """Print a line a risk."""
    from optimizer.execution.executor import SerialExecutor
    from optimizer.model.case_model import prepare_case
    from optimizer.uncertainty.case_draws import aim_of, over_draws, posed_draws
    from optimizer.uncertainty.drawing import market_draws

    m = prepare_case(case)
    drawn = market_draws(m, int(count), 1, SerialExecutor())
    began = spent()
    asked = over_draws(m, posed_draws(m, drawn), drawn.weights)
    built = spent() - began
    levels = ", ".join(f"{len(part.levels):,}" for part in m.choices.composites.parts)
    print(f"{case}: {drawn.count} draws built in {built:.1f} CPU s; levels {levels}")
    print("| risk | CPU s | of building | gap | bounds | peak GB |\n|---|---|---|---|---|---|")
    for risk in ("mean", "cvar", "worst", "regret"):
        began = spent()
        found = asked.problem.solve(aim_of(m).name, risk, **asked.asked)
        took = spent() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"| {risk} | {took:.1f} | {took / built:.1f} | {found.gap:.0e} | {found.work.bounds} | {peak:.1f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
