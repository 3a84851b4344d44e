"""What cells become: numbers, days and hours, money in USD a month."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from optimizer.learn.cleaning import CleaningOptions
from optimizer.learn.engine import database
from optimizer.learn.maps import nested_rows, read_map, shipped_maps, value_at
from optimizer.learn.reduce import ReduceOptions, reduce_tables
from optimizer.learn.sources import table_files
from optimizer.learn.staging import stage

Write = Callable[[Mapping[str, str | bytes]], Path]
U = "customer,day,hour,ai_model,requests,input_tokens,output_tokens\n"
S = "customer,segment,plan,started,ended,price,currency,interval,quantity\n"


def clean(
    folder: Path, table: str, columns: str, options: CleaningOptions | None = None, *maps: str
) -> list[tuple[Any, ...]]:
    """Rows of a table as they are read."""
    with database(0.5) as (connection, scratch):
        sources = table_files([folder], [read_map(m) for m in maps], scratch, connection)
        stage(connection, sources, options or CleaningOptions(), scratch)
        return list(connection.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall())


@pytest.mark.parametrize(
    ("cell", "zone", "day", "hour"),
    [
        ("2025-01-01", "UTC", date(2025, 1, 1), None),
        ("2025-01-01T10:20:30Z", "UTC", date(2025, 1, 1), 10),
        ("2025-01-01 23:30:00+00:00", "Europe/Berlin", date(2025, 1, 2), 0),
        ("2025-07-01 23:30:00+00", "Europe/Berlin", date(2025, 7, 2), 1),  # summer time
        ("2025-01-01T23:30:00-0500", "UTC", date(2025, 1, 2), 4),
        ("2025-01-01 10:00:00 UTC", "America/New_York", date(2025, 1, 1), 5),
        ("1735725600", "UTC", date(2025, 1, 1), 10),  # 2025-01-01T10:00:00Z
        ("2025-01-01T10:00:00.123Z", "UTC", date(2025, 1, 1), 10),
        ("2025-01-01 00:00:00", "Asia/Tokyo", date(2025, 1, 1), None),  # a day, as many programs write it
        ("2025-01-01T00:00:00Z", "UTC", date(2025, 1, 1), 0),
    ],
)
def test_times(write: Write, cell: str, zone: str, day: date, hour: int | None) -> None:
    folder = write({"usage.csv": f"{U}a,{cell},,large,5,100,20\n"})
    assert clean(folder, "usage", "day, hour", CleaningOptions(zone=zone)) == [(day, hour)]


def test_a_time_without_zone_is_of_the_zone_given(write: Write) -> None:
    folder = write({"usage.csv": f"{U}a,2025-01-01 00:30:00,,large,5,100,20\n"})
    assert clean(folder, "usage", "day, hour", CleaningOptions(assume_zone="Europe/Berlin")) == [
        (date(2024, 12, 31), 23)
    ]


def test_decimal_commas_and_windows_1252(write: Write) -> None:
    text = S.replace(",", ";") + "a;Büro;Plus;2025-01-01;;1.250,50;EUR;month;3\nb;x;Plus;2025-01-01;;12,5;EUR;month;\n"
    folder = write({"subscriptions.csv": text.encode("cp1252")})
    options = CleaningOptions(rates={"EUR": 1.08})
    rows = clean(folder, "subscriptions", "segment, plan, price, quantity", options)
    assert rows == [("büro", "plus", 1250.5, 3), ("x", "plus", 12.5, None)]


def test_a_number_with_three_decimals_is_no_thousand(write: Write) -> None:
    """With a decimal comma 1.234 could be either; with a decimal point it is a number like others."""
    head = "plan,ai_model,window,cap\n"
    assert clean(write({"caps.csv": f"{head}a,x,day,1.234\n"}), "caps", "cap") == [(1.234,)]


def test_thousands(write: Write) -> None:
    folder = write({"usage.csv": f'{U}a,2025-01-01,,large,5,"1,234,567",20\n'})
    assert clean(folder, "usage", "input_tokens") == [(1234567,)]


def test_prices_become_usd_a_month(write: Write) -> None:
    rows = [f"c{k},all,plus,2025-01-01,,{price},{code},{interval},1" for k in range(5)
            for price, code, interval in [("120", "EUR", "year")]]  # fmt: skip
    rows += [f"d{k},all,pro,2025-01-01,,$30,USD,quarter,2" for k in range(5)]
    folder = write({"subscriptions.csv": S + "\n".join(rows) + "\n"})
    reduced = reduce_tables([folder], ReduceOptions(CleaningOptions(rates={"EUR": 1.1}), memory=0.5))
    plans = {p.plan: p for p in reduced.stats.plans}
    # 120 EUR a year are 132 usd a year, 11 a month; 30 usd a quarter are 10 a month, two seats each
    assert plans["plus"].revenue == pytest.approx(5 * 11.0)
    assert plans["pro"].revenue == pytest.approx(5 * 2 * 10.0)
    assert (plans["plus"].seats, plans["pro"].seats) == (5, 10)


MAPPED: dict[str, tuple[str, str, str, str, list[tuple[Any, ...]]]] = {
    # map -> file, content, table, columns, rows
    "stripe-subscriptions": (
        "export.csv",
        "id,Customer ID,Plan,Quantity,Currency,Interval,Amount,Status,Start (UTC),Canceled At (UTC),Ended At (UTC)\n"
        "sub_1,cus_1,Plus,2,usd,month,12.00,active,2025-01-01 10:00,,\n"
        "sub_2,cus_2,Plus,1,eur,year,120.00,canceled,2025-01-01 23:59,2025-02-01 10:00,2025-03-01 10:00\n",
        "subscriptions",
        "customer, plan, started, ended, price, currency, \"interval\", quantity",
        [("cus_1", "plus", date(2025, 1, 1), None, 12.0, "USD", "month", 2),
         ("cus_2", "plus", date(2025, 1, 1), date(2025, 3, 1), 120.0, "EUR", "year", 1)],
    ),
    "revenuecat-transactions": (
        "transactions.csv",
        "rc_original_app_user_id,product_identifier,start_time,end_time,effective_end_time,is_trial_period,is_sandbox,"
        "price_in_usd,purchase_price_in_usd,product_duration\n"
        "u1,pro_month,2025-01-01 12:00:00,2025-02-01 12:00:00,,false,false,0,9.99,P1M\n"
        "u2,pro_year,2025-01-01 12:00:00,2026-01-01 12:00:00,2026-01-04 12:00:00,true,false,0,0,P1Y\n"
        "u3,pro_month,2025-01-01 12:00:00,2025-02-01 12:00:00,,false,true,9.99,9.99,P1M\n",
        "subscriptions",
        "customer, plan, started, ended, price, currency, \"interval\", trial",
        [("u1", "pro_month", date(2025, 1, 1), date(2025, 2, 1), 9.99, "USD", "month", False),
         ("u2", "pro_year", date(2025, 1, 1), date(2026, 1, 4), 0.0, "USD", "year", True)],
    ),
    "lago-subscriptions": (
        "lago.json",
        '{"subscriptions": [{"external_customer_id": "a", "plan_code": "plus", "started_at": "2025-01-01T00:00:00Z", '
        '"terminated_at": null, "plan": {"amount_cents": 1250, "amount_currency": "USD", "interval": "monthly"}}]}',
        "subscriptions",
        "customer, plan, started, ended, price, \"interval\"",
        [("a", "plus", date(2025, 1, 1), None, 12.5, "month")],
    ),
    "litellm-spendlogs": (
        "spend.csv",
        "request_id,startTime,model,model_group,user,end_user,prompt_tokens,completion_tokens\n"
        "1,2025-01-01T10:00:00Z,gpt-x-2025,gpt-x,u1,,100,20\n2,2025-01-01 11:00:00,gpt-x-2025,,u1,e1,200,30\n",
        "usage",
        "customer, day, hour, ai_model, requests, input_tokens",
        [("e1", date(2025, 1, 1), 11, "gpt-x-2025", 1, 200), ("u1", date(2025, 1, 1), 10, "gpt-x", 1, 100)],
    ),
    "openai-usage": (
        "page.json",
        '{"object": "page", "data": [{"start_time": 1735725600, "end_time": 1735729200, "results": ['
        '{"input_tokens": 1000, "output_tokens": 500, "input_cached_tokens": 800, "num_model_requests": 5, '
        '"user_id": "u1", "model": "gpt-x"}]}]}',
        "usage",
        "customer, day, hour, ai_model, requests, input_tokens, cached_tokens, output_tokens",
        [("u1", date(2025, 1, 1), 10, "gpt-x", 5, 1000, 800, 500)],
    ),
    "litellm-prices": (
        "list.json",
        '{"sample_spec": {"mode": "one of"}, "m-large": {"input_cost_per_token": 2e-06, "output_cost_per_token": '
        '8e-06, "cache_read_input_token_cost": 5e-07, "litellm_provider": "maker", "mode": "chat"}, '
        '"painter": {"output_cost_per_image": 0.04, "mode": "image_generation"}}',
        "prices",
        "ai_model, seller, input, cached, output",
        [("m-large", "maker", 2e-06, 5e-07, 8e-06)],
    ),
    "llm-prices": (
        "current.json",
        '{"updated_at": "2025-10-10", "prices": [{"id": "m-large", "vendor": "maker", "name": "M", "input": 2, '
        '"output": 8, "input_cached": null}]}',
        "prices",
        "ai_model, seller, input, cached, output",
        [("m-large", "maker", 2e-06, None, 8e-06)],
    ),
    "genai-prices": (
        "maker.yml",
        "name: Maker\nid: maker\nmodels:\n  - id: plain\n    prices: {input_mtok: 2, output_mtok: 8}\n"
        "  - id: timed\n    prices:\n"
        "      - constraint: {start_time: x}\n        prices: {input_mtok: 1, output_mtok: 4}\n"
        "      - prices: {input_mtok: 3, cache_read_mtok: 0.5, output_mtok: 9}\n"
        "  - id: tiered\n    prices: {input_mtok: {base: 4, tiers: [{start: 200000, price: 5}]}, output_mtok: 10}\n",
        "prices",
        "ai_model, input, cached, output",
        [("plain", 2e-06, None, 8e-06), ("tiered", 4e-06, None, 1e-05), ("timed", 3e-06, 5e-07, 9e-06)],
    ),
}  # fmt: skip


def test_every_shipped_map_is_tried() -> None:
    assert set(MAPPED) == set(shipped_maps())


@pytest.mark.parametrize("name", MAPPED)
def test_maps(name: str, write: Write) -> None:
    file, content, table, columns, wanted = MAPPED[name]
    rows = clean(write({file: content}), table, columns, CleaningOptions(rates={"EUR": 1.1}), name)
    assert [tuple(round(v, 12) if isinstance(v, float) else v for v in row) for row in rows] == wanted


def test_a_map_of_ones_own(write: Write, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "table: rivals\ncolumns: {alternative: Name, count: Users}\nvalues: {alternative: {x: big}}\n"
        "scale: {count: 1000}\nconstants: {segment: people}\n"
    )
    folder = write({"study.csv": "Name;Users\nX;12\n"})
    assert clean(folder, "rivals", 'alternative, segment, "count"', None, str(own)) == [("big", "people", 12000)]


def test_nested_rows() -> None:
    data = {"a": [{"x": 1, "b": [{"y": 2}, {"y": 3}]}, {"x": 4, "b": []}]}
    assert list(nested_rows(data, "a[].b[]")) == [{"x": 1, "y": 2}, {"x": 1, "y": 3}]
    assert list(nested_rows({"m": {"y": 1}}, "{}")) == [{"@key": "m", "y": 1}]
    assert list(nested_rows([], "a[]")) == []
    assert value_at({"p": {"q": {"base": 3}}}, "p.q") == 3


def test_statistics_hold_no_line_for_a_customer(write: Write, tmp_path: Path) -> None:
    """Four customers of a plan are too few to be shown, five are enough."""
    rows = [f"{p}{k},all,{p},2025-01-01,,0,USD,month,1" for p, n in (("few", 4), ("some", 5)) for k in range(n)]
    reduced = reduce_tables([write({"subscriptions.csv": S + "\n".join(rows)})], ReduceOptions(memory=0.5))
    assert [(p.plan, p.customers) for p in reduced.stats.plans] == [("some", 5)]
    with open(tmp_path / "tables" / "subscriptions.csv", newline="") as stream:
        assert len(list(csv.reader(stream))) == 10
