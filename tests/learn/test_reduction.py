"""The queries: counts worked out by hand on a small log, and the same script in other dialects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

from optimizer.errors import InputError
from optimizer.io.saving import write_folder_atomic
from optimizer.learn.cleaning import CleaningOptions
from optimizer.learn.queries import DIALECTS, reduction, script
from optimizer.learn.reduce import ReduceOptions, reduce_tables
from optimizer.learn.stats import Flow, HourCount, LedgerNumber, PlanCount, Units, read_stats, stats_files

Write = Callable[[Mapping[str, str | bytes]], Path]
U = "customer,day,hour,ai_model,requests,input_tokens,output_tokens\n"
S = "customer,segment,plan,started,ended,price,currency,interval\n"
SMALL = ReduceOptions(memory=0.5)


def log() -> dict[str, str]:
    """Six customers on free for ten days; five of them use it alike, one of them never; five move to plus."""
    usage = [(f"c{k}", f"2025-01-{d:02}", h, m, n) for k in range(5) for d in (1, 2, 9, 10)
             for h, m, n in ((8, "large", 4), (10, "large", 2), (13, "small", 3), (20, "large", 1))]  # fmt: skip
    rows = "".join(f"{c},{d},{h},{m},{n},{100 * n},{10 * n}\n" for c, d, h, m, n in usage)
    subs = "".join(f"c{k},all,free,2024-12-01,,0,USD,month\n" for k in range(6))
    subs += "".join(f"p{k},all,free,2024-12-01,2025-01-05,0,USD,month\n" for k in range(5))
    subs += "".join(f"p{k},all,plus,2025-01-07,,12,USD,month\n" for k in range(5))
    caps = "plan,ai_model,window,cap,fallback\nfree,large,day,7,true\n"
    return {"usage.csv": U + rows, "subscriptions.csv": S + subs, "caps.csv": caps}


def test_counts_by_hand(write: Write) -> None:
    stats = reduce_tables([write(log())], SMALL).stats
    # the log has ten days: six customers watched for all of them, five for the first four
    assert stats.units == (Units("all", "free", 11, 6 * 10 + 5 * 4, 11), Units("all", "plus", 5, 5 * 4, 5))
    (activity,) = stats.activity
    # 8 and 10 o'clock lie in one window of five hours, 13 opens a second one, 20 a third
    assert (activity.customers, activity.days, activity.used_days, activity.spells) == (5, 50, 20, 60)
    assert {(t.ai_model, t.requests, t.input_tokens) for t in stats.totals} == {
        ("large", 5 * 4 * 7, 5 * 4 * 700),
        ("small", 5 * 4 * 3, 5 * 4 * 300),
    }
    assert HourCount("all", "free", 8, 5, 80) in stats.hours
    assert stats.plans == (
        PlanCount("all", "free", "month", 6, 6, 0.0, 0),
        PlanCount("all", "plus", "month", 5, 5, 60.0, 0),
    )
    # two days lie between the plans of those who moved
    assert stats.flows == (Flow("all", "free", "ended", "plus", 5), Flow("all", "plus", "started", "free", 5))
    months = {e.plan: e.months * 730.0 / 24.0 for e in stats.exposure}
    assert months == pytest.approx({"free": 6 * 9 + 5 * 4, "plus": 5 * 3})


def test_pairs_by_hand(write: Write) -> None:
    """Early days are 1 to 4, late ones 7 to 10: two days of ten requests and two without on either side."""
    stats = reduce_tables([write(log())], SMALL).stats
    day = {(c.ai_model, c.low, c.high, c.other_low, c.other_high): (c.pairs, c.customers) for c in stats.windows
           if c.time_window == "day"}  # fmt: skip
    used, none = (10, 12), (0, 1)
    assert day == {
        ("", *used, *used): (5 * 2 * 2, 5),
        ("", *used, *none): (5 * 2 * 2, 5),
        ("", *none, *used): (5 * 2 * 2, 5),
        # seven requests to the large model are the cap: the wish was seven or more
        ("large", 7, None, 7, None): (5 * 2 * 2, 5),
        ("large", 7, None, *none): (5 * 2 * 2, 5),
        ("large", *none, 7, None): (5 * 2 * 2, 5),
    }
    short = {(c.low, c.other_low): c.pairs for c in stats.windows if c.time_window == "5h"}
    # spells of 6, 3 and 1 requests on each day
    assert short == {(a, b): 5 * 2 * 2 for a in (6, 3, 1) for b in (6, 3, 1)}


def test_few_customers_are_put_together(write: Write) -> None:
    rows = [f"c{k},2025-01-{d:02},,large,{10 * 4**k},1,1" for k in range(5) for d in (1, 2)]
    rows += [f"c{k},2025-01-01,,large,1,1,1" for k in range(5)]
    subs = "".join(f"c{k},all,free,2024-12-01,,0,USD,month\n" for k in range(5))
    stats = reduce_tables([write({"usage.csv": U + "\n".join(rows), "subscriptions.csv": S + subs})], SMALL).stats
    assert [(c.low, c.pairs, c.customers) for c in stats.windows if c.time_window == "day"] == [(None, 5, None)]


def test_overlaps_and_renewals(write: Write) -> None:
    """A plan lasts until the next one starts; monthly renewals are one spell."""
    subs = "".join(f"c{k},all,plus,2025-01-01,2025-06-01,12,USD,month\n" for k in range(5))
    subs += "".join(f"c{k},all,pro,2025-03-01,,30,USD,month\n" for k in range(5))
    subs += "".join(
        f"r{k},all,team,2025-0{m}-01,2025-0{m + 1}-01,25,USD,month\n" for k in range(5) for m in range(1, 6)
    )
    reduced = reduce_tables([write({"subscriptions.csv": S + subs})], SMALL)
    assert [f for f in reduced.stats.flows if f.kind == "ended"] == [
        Flow("all", "plus", "ended", "pro", 5),
        Flow("all", "team", "ended", "none", 5),
    ]
    days = {e.plan: e.months * 730.0 / 24.0 for e in reduced.stats.exposure}
    assert days == pytest.approx({"plus": 5 * 59, "pro": 5 * 92, "team": 5 * 151})
    told = {f.code: f.message for f in reduced.findings}
    assert told["row-overlap"].startswith("5 rows") and told["row-joined"].startswith("20 rows")


def test_customers_without_a_subscription(write: Write) -> None:
    """Five are first seen on 2 January: they count from the day after, until they subscribe on the 6th; one bad row."""
    days = {2: 100, 3: 1, 5: 2, 7: 4, 10: 8}
    rows = "".join(f"c{k},2025-01-{d:02},,large,{n},{n},{n}\n" for k in range(5) for d, n in days.items())
    subs = "".join(f"c{k},all,plus,2025-01-06,,12,USD,month\n" for k in range(5))
    bad = "c0,2025-01-01,,large,-1,1,1\n"
    for usage in (rows, rows + bad):
        stats = reduce_tables([write({"usage.csv": U + usage, "subscriptions.csv": S + subs})], SMALL).stats
        assert {(t.plan, t.requests) for t in stats.totals} == {("free", 5 * 3), ("plus", 5 * 12)}
        assert stats.units == (Units("all", "free", 5, 5 * 3, 5), Units("all", "plus", 5, 5 * 5, 5))


def test_books_and_segments_of_a_survey(write: Write) -> None:
    """Persons of two segments are two persons, whatever they are called; a segment of few is told."""
    rows = [f"p{k},{s},1,{a},{10 + a},USD,{int(a == (k % 3 > 0))},{a}" for s in ("one", "two") for k in range(20)
            for a in (0, 1)]  # fmt: skip
    rows += [f"q{k},few,1,{a},{10 + a},USD,{a},{a}" for k in range(3) for a in (0, 1)]
    head = "person,segment,task,alternative,price,currency,chosen,speed\n"
    ledger = "number,value,unit\npools.main.price,2.5,usd/GPU-hour\npools.main.price,2.5,usd/GPU-hour\n"
    reduced = reduce_tables([write({"choices.csv": head + "\n".join(rows), "ledger.csv": ledger})], SMALL)
    assert {s["segment"]: (s["persons"], s["tasks"]) for s in reduced.stats.about["surveys"]} == {
        "one": (20, 20),
        "two": (20, 20),
    }
    assert {t.segment for t in reduced.stats.tastes} == {"one", "two"}
    assert [f.message for f in reduced.findings if f.code == "survey-small"] == [
        "3 persons of 'few' answered: tastes are not estimated from fewer than 20"
    ]
    assert reduced.stats.ledger == (LedgerNumber("pools.main.price", 2.5, "usd/GPU-hour"),)


def test_retention_by_hand(write: Write) -> None:
    """Ten start on the first day; five leave after 45 days, in their second month, of three watched whole."""
    subs = "".join(f"c{k},all,plus,2025-01-01,{'2025-02-15' if k < 5 else ''},12,USD,month\n" for k in range(10))
    usage = f"{U}x,2025-01-01,,large,1,1,1\nx,2025-04-15,,large,1,1,1\n"
    stats = reduce_tables([write({"subscriptions.csv": S + subs, "usage.csv": usage})], SMALL).stats
    assert [(r.age, r.customers, r.ended) for r in stats.retention] == [(0, 10, 0), (1, 10, 5), (2, 5, 0)]


def test_the_folder_is_read_as_it_was_written(write: Write, tmp_path: Path) -> None:
    stats = reduce_tables([write(log())], SMALL).stats
    write_folder_atomic(tmp_path / "stats", stats_files(stats))
    assert read_stats(tmp_path / "stats") == stats


def test_results_of_a_warehouse_take_the_place_of_the_log(write: Write, tmp_path: Path) -> None:
    """What the queries gave there, saved as CSV files, and the small tables here, make the same statistics."""
    here = reduce_tables([write(log())], SMALL).stats
    there = tmp_path / "there"
    there.mkdir()
    names = {q.name for q in reduction(100, "free", 5, 5) if q.is_result}
    for name, content in stats_files(here).items():
        if name.removesuffix(".csv") in names:
            head, rows = str(content).split("\n", 1)
            (there / name).write_text(f"{head.upper()}\n{rows}")
    (tmp_path / "tables" / "usage.csv").unlink()
    (tmp_path / "tables" / "subscriptions.csv").unlink()
    stats = reduce_tables([tmp_path / "tables"], ReduceOptions(memory=0.5, results=there)).stats
    assert stats.windows and all(getattr(stats, name) == getattr(here, name) for name in names)
    assert stats.caps == here.caps
    (there / "windows.csv").write_text("segment,plan\nall,free\n")
    with pytest.raises(InputError, match="columns are missing"):
        reduce_tables([tmp_path / "tables"], ReduceOptions(memory=0.5, results=there))


def test_a_folder_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_folder_atomic(tmp_path / "other", {"result.json": "{}"})
    with pytest.raises(InputError, match="not made by learn reduce"):
        read_stats(tmp_path / "other")
    write_folder_atomic(tmp_path / "late", {"stats.json": '{"schema_version": 99}'})
    with pytest.raises(InputError, match="version"):
        read_stats(tmp_path / "late")


def test_wrong_options() -> None:
    for options in (
        ReduceOptions(memory=0.0),
        ReduceOptions(sample=1),
        ReduceOptions(CleaningOptions(rates={"EUR": 0.0})),
    ):
        with pytest.raises(InputError):
            reduce_tables(["."], options)


WAREHOUSES = ("bigquery", "databricks", "postgres", "redshift", "snowflake", "trino")


def shown(value: Any) -> str:
    """Sums of floats depend on the order of the rows in their last digits."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def results(connection: Any, text: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the script's queries give, by the name told above each."""
    found = {}
    for part in text.split("\n\n"):
        told = part.splitlines()[0]
        statement = "\n".join(line for line in part.splitlines() if not line.startswith("--"))
        if not statement or statement.startswith("DROP"):
            continue
        rows = connection.execute(statement).fetchall()
        if told.startswith("-- result: "):
            name = told.removeprefix("-- result: ").removesuffix(".csv")
            found[name] = sorted((tuple(map(shown, row)) for row in rows), key=repr)
    return found


@pytest.fixture
def tables() -> Any:
    connection = duckdb.connect(config={"memory_limit": "500MB"})
    connection.execute(
        "CREATE TABLE usage AS SELECT 'c' || (k % 40) AS customer, DATE '2025-01-01' + CAST(k % 79 AS INTEGER) AS day, "
        "CAST(k * 7 % 23 AS BIGINT) AS hour, CASE WHEN k % 3 = 0 THEN 'small' ELSE 'large' END AS ai_model, "
        "CAST(1 + k % 5 AS BIGINT) AS requests, CAST(100 AS BIGINT) AS input_tokens, "
        "CAST(NULL AS BIGINT) AS cached_tokens, CAST(10 AS BIGINT) AS output_tokens FROM range(6000) AS r(k)"
    )
    connection.execute(
        "CREATE TABLE subscriptions AS SELECT 'c' || k AS customer, 'all' AS segment, CASE WHEN k < 30 THEN 'free' "
        "ELSE 'plus' END AS plan, DATE '2024-11-01' + CAST(k AS INTEGER) AS started, CASE WHEN k % 5 = 0 THEN "
        "DATE '2025-01-20' END AS ended, 1.0 AS price, 'USD' AS currency, 'month' AS \"interval\", 1 AS quantity, "
        "FALSE AS trial FROM range(38) AS r(k)"
    )
    connection.execute(
        "CREATE TABLE caps AS SELECT 'free' AS plan, 'large' AS ai_model, 'day' AS cap_window, 6.0 AS cap, "
        "TRUE AS fallback"
    )
    yield connection
    connection.close()


@pytest.mark.parametrize("dialect", WAREHOUSES)
def test_dialects_mean_the_same(dialect: str, tables: Any) -> None:
    """Each script, read back from its dialect, gives what the original gives: no word is lost in translation."""
    original = results(tables, script("duckdb", 30, "none", 5))
    assert set(original) == {q.name for q in reduction(30, "none", 5, 5) if q.is_result}
    assert all(original.values())
    for query in reduction(30, "none", 5, 5):
        if not query.is_result:
            tables.execute(f"DROP TABLE {query.name}")
    text = script(dialect, 30, "none", 5).replace("TO_UTF8(customer)", "customer")
    back = []
    for part in text.split("\n\n"):
        told = [line for line in part.splitlines() if line.startswith("--")]
        statement = "\n".join(line for line in part.splitlines() if not line.startswith("--"))
        if statement:
            translated = sqlglot.transpile(statement, read=dialect, write="duckdb")
            back.append("\n".join([*told, ";\n".join(translated)]))
    assert results(tables, "\n\n".join(back)) == original


def test_every_dialect_is_printed() -> None:
    for dialect in DIALECTS:
        text = script(dialect, 20_000, "free", 5)
        assert text.count("-- result: ") == 10 and "{" not in text, dialect
    with pytest.raises(InputError, match="no dialect"):
        script("cobol", 20_000, "free", 5)
