"""A hundred bad tables: each fault is told by kind and line, or mended by a stated rule, and nothing else is lost."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from amount import LENGTH

from optimizer.errors import InputError
from optimizer.learn.cleaning import CleaningOptions
from optimizer.learn.reduce import ReduceOptions, reduce_tables
from optimizer.learn.rules import RULES

SECRET = "cus_9zQ"
"""Every customer's name starts like this: it must be in no message and no statistic."""
U = "customer,day,hour,ai_model,requests,input_tokens,output_tokens\n"
S = "customer,segment,plan,started,ended,price,currency,interval\n"
GOOD_U = "cus_9zQa,2025-01-01,9,large,5,100,20\n"
GOOD_S = "cus_9zQa,people,plus,2025-01-01,,12,USD,month\n"


def u(row: str, head: str = U, good: str = GOOD_U) -> dict[str, str]:
    """A log with a good row (line 2) and another one (line 3)."""
    return {"usage.csv": head + good + row + "\n"}


def s(*rows: str, head: str = S, good: str = GOOD_S) -> dict[str, str]:
    return {"subscriptions.csv": head + good + "".join(row + "\n" for row in rows)}


def e(row: str) -> dict[str, str]:
    head = "arm,segment,exposed,eligible,changes,plan,chosen,months\n"
    return {"experiments.csv": f"{head}a,people,1000,new,,plus,50,1\n{row}\n"}


def c(row: str) -> dict[str, str]:
    return {"caps.csv": f"plan,ai_model,window,cap,fallback\nfree,large,day,12,true\n{row}\n"}


def parquet(name: str, **columns: Any) -> dict[str, bytes]:
    out = io.BytesIO()
    pd.DataFrame(columns).to_parquet(out)
    return {name: out.getvalue()}


def frame(**changed: Any) -> dict[str, bytes]:
    n = len(next(iter(changed.values())))
    columns = {"customer": [f"{SECRET}{k}" for k in range(n)], "day": pd.to_datetime(["2025-01-01"] * n).date,
               "ai_model": ["large"] * n, "requests": [5] * n, "input_tokens": [100] * n,
               "output_tokens": [20] * n}  # fmt: skip
    return parquet("usage.parquet", **{**columns, **changed})


@dataclass(frozen=True)
class Bad:
    """A bad table: what is told of its rows (kind -> count) or of the file, or the refusal's code."""

    files: Mapping[str, str | bytes]
    rows: Mapping[str, int] = field(default_factory=dict)
    told: str = ""
    refused: str = ""
    line: int | None = 3
    options: Mapping[str, Any] = field(default_factory=dict)
    maps: tuple[str, ...] = ()


CORPUS: dict[str, Bad] = {
    # the file
    "empty file": Bad({"usage.csv": ""}, refused="file-empty"),
    "only blank lines": Bad({"usage.csv": "\n \n"}, refused="file-empty"),
    "no rows": Bad({"usage.csv": U}),
    "no header": Bad({"usage.csv": GOOD_U}, refused="table-column-missing"),
    "not a table": Bad({"notes.csv": "hello\nworld\n"}, refused="table-unknown"),
    "broken parquet": Bad({"usage.parquet": b"PAR1nothing"}, refused="file-parquet"),
    "broken JSON": Bad({"prices.json": "{"}, refused="file-json", maps=("llm-prices",)),
    "JSON without a map": Bad({"usage.json": "{}"}, refused="table-unknown"),
    "no tables": Bad({"readme.md": "hello"}, refused="tables-missing"),
    # encoding
    "Windows-1252": Bad(s(f"{SECRET}b,Büro,plus,2025-01-01,,12,USD,month"), told="table-encoding"),
    "UTF-16": Bad({"usage.csv": (U + GOOD_U).encode("utf-16")}, told="table-encoding"),
    "UTF-16 without a mark": Bad({"usage.csv": (U + GOOD_U).encode("utf-16-le")}, told="table-encoding"),
    "byte order mark": Bad({"usage.csv": (U + GOOD_U).encode("utf-8-sig")}),
    "Windows line ends": Bad({"usage.csv": (U + GOOD_U).replace("\n", "\r\n")}),
    # cells and header
    "semicolons": Bad({"usage.csv": (U + GOOD_U).replace(",", ";")}),
    "tabs": Bad({"usage.tsv": (U + GOOD_U).replace(",", "\t")}),
    "bars": Bad({"usage.txt": (U + GOOD_U).replace(",", "|")}),
    "header in capitals": Bad({"usage.csv": U.upper() + GOOD_U}),
    "header with spaces": Bad({"usage.csv": U.replace("input_tokens", " Input Tokens ") + GOOD_U}),
    "unknown column": Bad({"usage.csv": U.strip() + ",note\n" + GOOD_U.strip() + ",hi\n"}, told="table-columns"),
    "column missing": Bad({"usage.csv": "customer,day,ai_model\nx,2025-01-01,large\n"}, refused="table-column-missing"),
    "column misspelt": Bad({"usage.csv": U.replace("requests", "request") + GOOD_U}, refused="table-column-missing"),
    "column twice": Bad(
        {"usage.csv": U.strip() + ",requests\n" + GOOD_U.strip() + ",5\n"}, refused="table-column-twice"
    ),
    "too few cells": Bad(u(f"{SECRET}b,2025-01-01,9,large"), {"cells": 1}),
    "too many cells": Bad(u(f"{SECRET}b,2025-01-01,9,large,5,100,20,30"), {"cells": 1}),
    "quote not closed": Bad(u(f'{SECRET}b,2025-01-01,9,"large,5,100,20'), {"quote": 1}),
    "line break in quotes": Bad(u(f'"{SECRET}\nb",2025-01-01,9,large,5,100,20\n{SECRET}c,2025-01-01,9,large,-1,1,1'),
                                {"negative": 1}, line=5),
    "blank lines between": Bad(u(f"\n\n{SECRET}b,2025-01-01,9,large,-5,100,20"), {"negative": 1}, line=5),
    "spaces around cells": Bad(u(f" {SECRET}b , 2025-01-01 , 9 , large , 5 , 100 , 20 ")),
    # customers and names
    "customer missing": Bad(u(",2025-01-01,9,large,5,100,20"), {"empty": 1}),
    "customer of spaces": Bad(u("  ,2025-01-01,9,large,5,100,20"), {"empty": 1}),
    "AI model missing": Bad(u(f"{SECRET}b,2025-01-01,9,,5,100,20"), {"empty": 1}),
    "plan missing": Bad(s(f"{SECRET}b,people,,2025-01-01,,12,USD,month"), {"empty": 1}),
    # numbers
    "negative requests": Bad(u(f"{SECRET}b,2025-01-01,9,large,-5,100,20"), {"negative": 1}),
    "negative tokens": Bad(u(f"{SECRET}b,2025-01-01,9,large,5,-100,20"), {"negative": 1}),
    "negative answer": Bad(u(f"{SECRET}b,2025-01-01,9,large,5,100,-20"), {"negative": 1}),
    "half a request": Bad(u(f"{SECRET}b,2025-01-01,9,large,5.5,100,20"), {"whole": 1}),
    "requests in words": Bad(u(f"{SECRET}b,2025-01-01,9,large,five,100,20"), {"number": 1}),
    "requests missing": Bad(u(f"{SECRET}b,2025-01-01,9,large,,100,20"), {"empty": 1}),
    "requests not a number": Bad(u(f"{SECRET}b,2025-01-01,9,large,NaN,100,20"), {"number": 1}),
    "requests without end": Bad(u(f"{SECRET}b,2025-01-01,9,large,inf,100,20"), {"number": 1}),
    "formula error": Bad(u(f"{SECRET}b,2025-01-01,9,large,#N/A,100,20"), {"number": 1}),
    "thousands in one group": Bad(u(f'{SECRET}b,2025-01-01,9,large,5,"1,234",20'), {"number-ambiguous": 1}),
    "thousands in groups": Bad(u(f'{SECRET}b,2025-01-01,9,large,5,"1,234,567",20'), {"thousands": 1}),
    "scientific notation": Bad(u(f"{SECRET}b,2025-01-01,9,large,5,1e3,20")),
    "more cached than input": Bad(
        u(f"{SECRET}b,2025-01-01,9,large,5,100,20,101", U.strip() + ",cached_tokens\n", GOOD_U.strip() + ",40\n"),
        {"cached": 1},
    ),
    "hour 24": Bad(u(f"{SECRET}b,2025-01-01,24,large,5,100,20"), {"hour": 1}),
    "hour below 0": Bad(u(f"{SECRET}b,2025-01-01,-1,large,5,100,20"), {"negative": 1}),
    "decimal comma": Bad({"subscriptions.csv": (S + GOOD_S).replace(",", ";").replace(";12;", ";12,50;")}),
    "decimal comma with thousands": Bad(
        s(f"{SECRET}b;people;pro;2025-01-01;;1.250,00;USD;month", head=S.replace(",", ";"),
          good=GOOD_S.replace(",", ";")),
        {"thousands": 1},
    ),
    # dates and zones
    "date as day/month": Bad(u(f"{SECRET}b,31/12/2025,9,large,5,100,20"), {"date": 1}),
    "date as month/day": Bad(u(f"{SECRET}b,12/31/2025,9,large,5,100,20"), {"date": 1}),
    "date with points": Bad(u(f"{SECRET}b,31.12.2025,9,large,5,100,20"), {"date": 1}),
    "date of a month that is not": Bad(u(f"{SECRET}b,2025-13-01,9,large,5,100,20"), {"date": 1}),
    "30 February": Bad(u(f"{SECRET}b,2025-02-30,9,large,5,100,20"), {"date": 1}),
    "date missing": Bad(u(f"{SECRET}b,,9,large,5,100,20"), {"empty": 1}),
    "spreadsheet's day number": Bad(u(f"{SECRET}b,45658,9,large,5,100,20"), {"date": 1}),
    "time without zone": Bad(u(f"{SECRET}b,2025-01-01 10:00:00,,large,5,100,20"), {"zone": 1}),
    "time without zone, zone given": Bad(
        u(f"{SECRET}b,2025-01-01 10:00:00,,large,5,100,20"), options={"assume_zone": "Europe/Berlin"}
    ),
    "time with Z": Bad(u(f"{SECRET}b,2025-01-01T10:00:00Z,,large,5,100,20")),
    "time with offset": Bad(u(f"{SECRET}b,2025-01-01T23:30:00-05:00,,large,5,100,20")),
    "seconds since 1970": Bad(u(f"{SECRET}b,1735725600,,large,5,100,20")),
    "subscription's time without zone": Bad(
        s(f"{SECRET}b,people,plus,2025-01-01 08:00:00,,12,USD,month"), {"zone": 1}
    ),
    "ends before it starts": Bad(s(f"{SECRET}b,people,plus,2025-02-01,2025-01-01,12,USD,month"), {"order": 1}),
    "end unreadable": Bad(s(f"{SECRET}b,people,plus,2025-02-01,never,12,USD,month"), {"date": 1}),
    "start missing": Bad(s(f"{SECRET}b,people,plus,,,12,USD,month"), {"empty": 1}),
    # money
    "refund": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,-12,USD,month"), {"refund": 1}),
    "currency missing": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,12,,month"), {"currency": 1}),
    "currency missing, one given": Bad(
        s(f"{SECRET}b,people,plus,2025-01-01,,12,,month"), options={"currency": "USD"}
    ),
    "currency of a free plan missing": Bad(s(f"{SECRET}b,people,free,2025-01-01,,0,,month")),
    "currency without a rate": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,12,CHF,month"), {"rate": 1}),
    "currency with a rate": Bad(
        s(f"{SECRET}b,people,plus,2025-01-01,,12,chf,month"), options={"rates": {"CHF": 1.1}}
    ),
    "currency sign": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,$12.50,USD,month"), {"sign": 1}),
    "price missing": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,,USD,month"), {"empty": 1}),
    "price with its unit": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,12 usd,USD,month"), {"number": 1}),
    # subscriptions
    "interval monthly": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,12,USD,monthly"), {"interval-word": 1}),
    "interval annual": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,120,USD,Annual"), {"interval-word": 1}),
    "interval unknown": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,12,USD,fortnight"), {"interval": 1}),
    "interval missing": Bad(s(f"{SECRET}b,people,plus,2025-01-01,,12,USD,"), {"empty": 1}),
    "same row twice": Bad(s(GOOD_S.strip()), told="row-repeated"),
    "overlap": Bad(s(f"{SECRET}a,people,pro,2025-02-01,,30,USD,month"), told="row-overlap"),
    "renewals": Bad(
        s(f"{SECRET}b,people,plus,2025-01-01,2025-02-01,12,USD,month",
          f"{SECRET}b,people,plus,2025-02-01,2025-03-01,12,USD,month"), told="row-joined"
    ),
    "plan in another case": Bad(s(f"{SECRET}b,people,PLUS,2025-01-01,,12,USD,month")),
    "plan renamed": Bad(
        s(*(f"{SECRET}{k},people,old,2025-01-01,2025-03-01,12,USD,month" for k in "bcdefg"),
          *(f"{SECRET}{k},people,new,2025-03-01,,12,USD,month" for k in "bcdefg")), told="plan-renamed"
    ),
    "plan renamed, name given": Bad(
        s(*(f"{SECRET}{k},people,old,2025-01-01,2025-03-01,12,USD,month" for k in "bcdefg"),
          *(f"{SECRET}{k},people,new,2025-03-01,,12,USD,month" for k in "bcdefg")),
        told="row-joined", options={"renamed": {"old": "new"}}
    ),
    "trial neither yes nor no": Bad(
        s(f"{SECRET}b,people,plus,2025-01-01,,12,USD,month,maybe", head=S.strip() + ",trial\n",
          good=GOOD_S.strip() + ",no\n"), {"flag": 1}
    ),
    "seats below 0": Bad(
        s(f"{SECRET}b,people,plus,2025-01-01,,12,USD,month,-3", head=S.strip() + ",quantity\n",
          good=GOOD_S.strip() + ",1\n"), {"negative": 1}
    ),
    "used without a subscription": Bad(
        {**s(), **u(f"{SECRET}b,2025-01-02,9,large,5,100,20")}, told="usage-unsubscribed"
    ),
    # other tables
    "more chosen than exposed": Bad(e("b,people,100,new,,plus,101,1"), {"chosen": 1}),
    "exposed below 0": Bad(e("b,people,-100,new,,plus,1,1"), {"negative": 1}),
    "window unknown": Bad(c("plus,large,hour,12,true"), {"window": 1}),
    "cap below 0": Bad(c("plus,large,day,-12,true"), {"negative": 1}),
    "fallback neither yes nor no": Bad(c("plus,large,day,12,perhaps"), {"flag": 1}),
    "neither count nor share": Bad(
        {"rivals.csv": "alternative,segment,count,share,n\nbig,people,90,,\nsmall,people,,0.5,\n"}, {"counted": 1}
    ),
    "share above 1": Bad(
        {"rivals.csv": "alternative,segment,share,n\nbig,people,0.5,90\nsmall,people,50,90\n"}, {"share": 1}
    ),
    "price list in a currency without a rate": Bad(
        {"prices.csv": "ai_model,input,output,currency\nlarge,1e-6,2e-6,USD\nsmall,1e-7,2e-7,EUR\n"}, {"rate": 1}
    ),
    "price below 0": Bad({"prices.csv": "ai_model,input,output\nlarge,1e-6,2e-6\nsmall,-1e-7,2e-7\n"}, {"negative": 1}),
    "books: below 0": Bad(
        {"ledger.csv": "number,value,unit\npools.main.price,2,usd/GPU-hour\npools.main.price,-2,usd/GPU-hour\n"},
        {"negative": 1},
    ),
    "books: value missing": Bad(
        {"ledger.csv": "number,value,unit\npools.main.price,2,usd/GPU-hour\npools.main.price,,usd/GPU-hour\n"},
        {"empty": 1},
    ),
    "books: value with its unit": Bad(
        {"ledger.csv": "number,value,unit\npools.main.price,2,usd/GPU-hour\npools.main.price,2 usd,usd/GPU-hour\n"},
        {"number": 1},
    ),
    "two chosen in a task": Bad(
        {"choices.csv": "person,task,alternative,price,currency,chosen,speed\n"
         + "".join(f"{SECRET}{p},1,{a},{10 + a},USD,1,{a}\n" for p in range(25) for a in (0, 1))}, told="row-task"
    ),
    # parquet
    "parquet: negative": Bad(frame(requests=[5, -5]), {"negative": 1}, line=None),
    "parquet: missing": Bad(frame(requests=[5.0, None]), {"empty": 1}, line=None),
    "parquet: fractions": Bad(frame(requests=[5.0, 5.5]), {"whole": 1}, line=None),
    "parquet: time without zone": Bad(
        frame(day=pd.to_datetime(["2025-01-01 10:00", "2025-01-01 11:00"])), refused="row-zone"
    ),
    "parquet: time with zone": Bad(frame(day=pd.to_datetime(["2025-01-01 10:00", "2025-01-01 11:00"], utc=True))),
    "parquet: numbers as text": Bad(frame(requests=["5", "x"]), {"number": 1}, line=None),
}  # fmt: skip


@pytest.fixture
def planned_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a few rows the database plans longer than it works: in the quick suite it does as queries state it."""
    real = duckdb.connect

    def connect(*given: Any, **more: Any) -> Any:
        made = real(*given, **more)
        made.execute("PRAGMA disable_optimizer")
        return made

    if LENGTH > 1:
        monkeypatch.setattr(duckdb, "connect", connect)


def encoded(name: str, bad: Bad) -> Mapping[str, str | bytes]:
    if name != "Windows-1252":
        return bad.files
    return {file: str(text).encode("cp1252") for file, text in bad.files.items()}


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 100


def test_every_rule_is_met() -> None:
    """Each kind of bad row has a table in the corpus, but for bytes deep in a file, tested on their own."""
    met = {kind for bad in CORPUS.values() for kind in bad.rows}
    met |= {bad.told.removeprefix("row-") for bad in CORPUS.values()} | {"characters"}
    assert set(RULES) <= met


@pytest.mark.usefixtures("planned_quickly")
@pytest.mark.parametrize("name", CORPUS)
def test_it_is_told_or_mended(name: str, write: Callable[[Mapping[str, str | bytes]], Path]) -> None:
    bad = CORPUS[name]
    folder = write(encoded(name, bad))
    options = ReduceOptions(CleaningOptions(**bad.options), bad.maps, memory=0.5)
    if bad.refused:
        with pytest.raises(InputError) as caught:
            reduce_tables([folder], options)
        assert bad.refused in {f.code for f in caught.value.findings}
        assert all(f.message and f.cure for f in caught.value.findings)
        return
    reduced = reduce_tables([folder], options)
    found: dict[str, int] = {}
    for count in reduced.counts:
        for kind, n in {**count.left_out, **count.mended}.items():
            found[kind] = found.get(kind, 0) + n
    assert found == dict(bad.rows)
    codes = {f.code for f in reduced.findings}
    assert {f"row-{kind}" for kind in bad.rows} <= codes
    assert not bad.told or bad.told in codes, codes
    if not bad.rows and not bad.told:
        assert not codes
    for f in reduced.findings:
        if f.code.removeprefix("row-") in bad.rows:
            assert f.line == bad.line
    assert SECRET not in " ".join(map(str, reduced.findings)) + repr(reduced.stats)


def test_bytes_deep_in_a_file(write: Callable[[Mapping[str, str | bytes]], Path]) -> None:
    """What is not UTF-8 beyond the start of a file, from which its encoding is found, makes its row a bad one."""
    rows = GOOD_U.encode() * 8000
    folder = write({"usage.csv": U.encode() + rows + GOOD_U.replace("large", "gro\xdf").encode("latin-1") + rows})
    reduced = reduce_tables([folder], ReduceOptions(memory=0.5))
    assert reduced.counts[0].left_out == {"characters": 1}
    assert [f.line for f in reduced.findings] == [8002]
