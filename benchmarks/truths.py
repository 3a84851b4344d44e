"""How well learning does on companies whose truth is known: intervals, usage, and what the menus chosen lose.

    python benchmarks/truths.py --truths 100 --customers 8000 --days 60

Each truth is drawn, its tables are made, reduced and fitted; then the case is solved in the truth, in the market as it
was believed, and in the fitted ones, and every menu is valued in the truth. Value: contribution margin and a quarter of
a usd a month for every customer, which stands for the condition on share, so that what is lost is one number. Burst
GPUs are not limited here. Fits are made without tests, without the company's own books, without its surveys, with all
of them, and with tests of ten times as many visitors.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

CASE = "assistant-startup-margin"
WORTH = 0.25
FREE = {"pools.main.capacity.burst_limit": 1e4}
LEARNED = 0.3
SURVEYS = {"survey": (), "rivals": (), "tastes": ()}
LEVELS = ("no tests", "no ledger", "no surveys", "all", "all, ten times the visitors")


def valued(m: Any, menu: Any = None) -> float:
    """What a menu is worth in a market; today's where none is given."""
    e = m.evaluate(m.today_menu if menu is None else menu)
    return float(e.figure("contribution_margin") + WORTH * e.figure("customers"))


def best(m: Any) -> Any:
    """The menu that is worth most in a market, without conditions."""
    from optimizer.answer.solving import solve_stages
    from optimizer.optimise.outcome import Settings
    from optimizer.schema.case import CaseObjective

    weights = {"contribution_margin": abs(m.today.figure("contribution_margin")),
               "customers": WORTH * m.today.figure("customers")}  # fmt: skip
    aim = CaseObjective(blend=weights)
    asked = m.inputs.case.model_copy(update={"objective": aim, "conditions": ()})
    asked_of = replace(m, inputs=replace(m.inputs, case=asked))
    return solve_stages(asked_of, Settings(gap=1e-3), diagnosed=False)[-1].menu


def tables_of(
    seed: int, customers: int, days: int, visitors: int = 8000, people: int = 0, ledger: bool = False
) -> tuple[Any, dict[str, float]]:
    """Statistics of a simulated company, and its truth."""
    from optimizer.learn.reduce import ReduceOptions, reduce_tables
    from optimizer.learn.simulate import simulate, table_files_of

    made = simulate(CASE, customers, days, seed, visitors, people, ledger)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in table_files_of(made).items():
            Path(folder, name).write_text(str(content))
        return reduce_tables([folder], ReduceOptions(memory=1.0)).stats, {t.path: t.value for t in made.truth}


def fitted(m: Any, stats: Any, truth: dict[str, float]) -> tuple[Any, list[dict[str, Any]], float]:
    """A fit, every number's interval against the truth, and the seconds of processor it took."""
    from optimizer.learn.fit import fit
    from optimizer.learn.identified import numbers_learned

    began = time.process_time()
    found = fit(m, stats, truth["simulated.scale"])
    took = time.process_time() - began
    rows = [
        {"path": n.path, "learned": n.learned, "in": n.low <= truth[n.path] <= n.high, "value": n.value,
         "truth": truth[n.path]}
        for n in numbers_learned(found)
    ]  # fmt: skip
    return found.m, rows, took


def one(seed: int, customers: int, days: int, visitors: int, people: int, asked: list[str]) -> dict[str, Any]:
    """One truth."""
    from optimizer.model.case_model import prepare_case, vary
    from optimizer.uncertainty.sampling import uncertain_numbers

    m = vary(prepare_case(CASE), FREE)
    stats, truth = tables_of(seed, customers, days, visitors, people, True)
    stats = replace(stats, ledger=tuple(row for row in stats.ledger if row.number not in FREE))
    truth |= FREE
    real = vary(m, {path: truth[path] for path in uncertain_numbers(m.inputs.market) if path not in FREE})
    top = valued(real, best(real))
    record: dict[str, Any] = {"seed": seed, "today": 1.0 - valued(real) / top}
    record["template"] = 1.0 - valued(real, real.carried(best(m), m)) / top
    for name in asked:
        given = stats
        if name == "all, ten times the visitors":  # the tests do not hang on how many customers the tables hold
            given = replace(stats, experiments=tables_of(seed, 100, 14, 10 * visitors)[0].experiments)
        left_out = {"no tests": {"experiments": ()}, "no ledger": {"ledger": ()}, "no surveys": SURVEYS}.get(name, {})
        world, rows, took = fitted(m, replace(given, **left_out), truth)
        record[name] = {"regret": 1.0 - valued(real, real.carried(best(world), world)) / top, "seconds": took,
                        "rows": [row for row in rows if row["learned"] > 0.02]}  # fmt: skip
    return record


def told(records: list[dict[str, Any]]) -> None:
    """The summary."""
    print(f"{len(records)} truths; regret, median: today {np.median([r['today'] for r in records]):.3f}, "
          f"as believed {np.median([r['template'] for r in records]):.3f}")  # fmt: skip
    for name in LEVELS:
        own = [r[name] for r in records if name in r]
        if not own:
            continue
        rows = [row for r in own for row in r["rows"] if row["learned"] >= LEARNED]
        usage = [abs(row["value"] / row["truth"] - 1.0) for row in rows
                 if row["path"].startswith("segments.individuals.usage.") and ".hours." not in row["path"]]  # fmt: skip
        low, middle, high = np.quantile([r["regret"] for r in own], (0.25, 0.5, 0.75))
        print(f"{name}: {len(own)} truths, regret {middle:.3f} ({low:.3f} to {high:.3f}), 90 % intervals hold "
              f"{np.mean([row['in'] for row in rows]):.3f} of {len(rows)}, usage off {np.median(usage):.3f} in the "
              f"middle, fit {np.mean([r['seconds'] for r in own]):.1f} s")  # fmt: skip
        paths = sorted({row["path"] for row in rows})
        for path in paths:
            mine = [row for row in rows if row["path"] == path]
            print(f"  {path:52} learned in {len(mine):3}, holds {np.mean([row['in'] for row in mine]):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truths", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--customers", type=int, default=8000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--visitors", type=int, default=8000, help="Visitors an arm of the tests.")
    parser.add_argument("--asked", type=int, default=300, help="People of each segment who answer surveys.")
    parser.add_argument("--levels", nargs="*", default=list(LEVELS), choices=LEVELS, help="What the fits know.")
    parser.add_argument("--out", type=Path, help="Keep a line of JSON a truth.")
    given = parser.parse_args()
    records = []
    for seed in range(given.first, given.first + given.truths):
        try:
            records.append(one(seed, given.customers, given.days, given.visitors, given.asked, given.levels))
        except Exception as error:  # a truth that cannot be solved is told, and the others go on
            print(f"seed {seed}: {type(error).__name__}: {error}", flush=True)
            continue
        if given.out:
            with open(given.out, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(records[-1]) + "\n")
    told(records)


if __name__ == "__main__":
    main()
