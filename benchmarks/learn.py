"""What learning takes: reduction of a large log, and a choice survey against an independent package.

    python benchmarks/learn.py --rows 32000000
    python benchmarks/learn.py --survey choices.csv

The survey has the columns resp.id, ques, cost, choice and attributes, parted by semicolons. Where xlogit is installed
its estimate of the same mixed logit is printed beside ours.
"""

from __future__ import annotations

import argparse
import csv
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

LOG = """
COPY (SELECT 'c' || c AS customer, DATE '2025-01-06' + CAST(floor(90 * random()) AS INTEGER) AS day,
 CAST(floor(24 * pow(random(), 0.7)) AS INTEGER) AS hour,
 CASE WHEN random() < 0.7 THEN 'large' ELSE 'small' END AS ai_model,
 CAST(1 + floor(-4 * ln(random())) AS INTEGER) AS requests, CAST(1800 * (1 + random()) AS INTEGER) AS input_tokens,
 CAST(400 * (1 + random()) AS INTEGER) AS cached_tokens, CAST(400 * (1 + random()) AS INTEGER) AS output_tokens
 FROM (SELECT CAST(floor({people} * pow(random(), 1.5)) AS INTEGER) AS c FROM range({rows})))
TO '{folder}/usage.parquet' (FORMAT parquet, COMPRESSION zstd)"""
SUBSCRIPTIONS = """
COPY (SELECT 'c' || c AS customer, CASE WHEN c % 5 = 0 THEN 'plus' ELSE 'free' END AS plan,
 DATE '2024-06-01' + CAST(c % 300 AS INTEGER) AS started, CASE WHEN c % 5 = 0 THEN 12 ELSE 0 END AS price,
 'USD' AS currency, 'month' AS "interval" FROM range({people}) AS r(c))
TO '{folder}/subscriptions.parquet' (FORMAT parquet)"""


def reduction(rows: int, memory: float) -> None:
    """Seconds and memory of a log of so many rows, a hundred a customer."""
    import duckdb

    from optimizer.learn.engine import on_stderr
    from optimizer.learn.reduce import ReduceOptions, reduce_tables

    with tempfile.TemporaryDirectory() as folder:
        made = duckdb.connect(config={"memory_limit": f"{memory}GB", "temp_directory": folder})
        made.execute("SET preserve_insertion_order = false")
        for query in (LOG, SUBSCRIPTIONS):
            made.execute(query.format(folder=folder, rows=rows, people=max(rows // 100, 10)))
        made.close()
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        reduce_tables([folder], ReduceOptions(memory=memory), on_stderr)
        after = resource.getrusage(resource.RUSAGE_SELF)
        user = after.ru_utime - before.ru_utime
        print(f"{rows:,} rows: {user:.1f} s of processor, {time.perf_counter() - began:.1f} s of wall, "
              f"{after.ru_maxrss / 1e6:.2f} GB at most")  # fmt: skip


def survey(path: Path) -> None:
    """Log-likelihood and price of both forms of choice."""
    from optimizer.learn.surveys import choice_survey, fit_logit, fit_mixed

    with open(path, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    names = [n for n in rows[0] if n not in ("resp.id", "ques", "alt", "cost", "choice")]
    made = choice_survey(
        [r["resp.id"] for r in rows], [r["ques"] for r in rows], [r["choice"] == "1" for r in rows],
        np.array([float(r["cost"]) for r in rows]), {n: [r[n] for r in rows] for n in names},
    )  # fmt: skip
    print(f"{made.persons} persons, {len(made.chosen)} tasks, no preference {made.no_preference:.1f}")
    for fit in (fit_logit, fit_mixed):
        began = time.process_time()
        found = fit(made)
        took = time.process_time() - began
        print(f"{found.form}: log-likelihood {found.log_likelihood:.1f}, converged {found.converged}, {took:.1f} s")
        for taste in found.tastes:
            print(f"  {taste.name:24} {taste.estimate:9.4f} +- {taste.se:.4f}")
    _peer(made)


def _peer(made: object) -> None:
    """The same mixed logit by xlogit, with its own draws."""
    try:
        from xlogit import MixedLogit
    except ModuleNotFoundError:
        print("xlogit is not installed: no second opinion")
        return
    survey_ = made
    tasks, offers, size = survey_.attributes.shape  # type: ignore[attr-defined]
    x = survey_.attributes.reshape(-1, size).copy()  # type: ignore[attr-defined]
    x[:, -1] *= -1.0  # its lognormal is positive
    y = (np.arange(offers) == survey_.chosen[:, None]).astype(float).ravel()  # type: ignore[attr-defined]
    names = list(survey_.names)  # type: ignore[attr-defined]
    model = MixedLogit()
    model.fit(
        X=x, y=y, varnames=names, alts=np.tile(np.arange(offers), tasks), ids=np.repeat(np.arange(tasks), offers),
        panels=np.repeat(survey_.person, offers), randvars={n: "n" if n != "price" else "ln" for n in names},  # type: ignore[attr-defined]
        n_draws=2000, verbose=0,
    )  # fmt: skip
    print(f"xlogit: log-likelihood {model.loglikelihood:.1f}")
    for name, value, se in zip(model.coeff_names, model.coeff_, model.stderr, strict=True):
        print(f"  {name:24} {value:9.4f} +- {se:.4f}")
    of = {name: (value, se) for name, value, se in zip(model.coeff_names, model.coeff_, model.stderr, strict=True)}
    (log, log_se), (sigma, sigma_se) = of["price"], of["sd.price"]
    median = float(np.exp(log))
    print(f"  {'price_median':24} {median:9.4f} +- {median * log_se:.4f}")
    print(f"  {'price_sigma':24} {abs(sigma):9.4f} +- {sigma_se:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--memory", type=float, default=4.0)
    parser.add_argument("--survey", type=Path)
    given = parser.parse_args()
    if given.rows:
        reduction(given.rows, given.memory)
    if given.survey:
        survey(given.survey)
    if not (given.rows or given.survey):
        parser.error("give --rows or --survey")


if __name__ == "__main__":
    main()
