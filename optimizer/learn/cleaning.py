"""Cells into values, in SQL: what every kind of column accepts, what is mended, and what makes a row a bad one.

For each column there are three expressions over the text (or typed) cell: its value, the kind of fault, and the kind
of mending. A row's fault is its first one; a row with a fault has no place in what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from optimizer.learn.sources import TableFile, quoted
from optimizer.learn.tables import INTERVAL_MONTHS, INTERVAL_WORDS, TABLES, TableColumn

WINDOWS = ("3h", "5h", "day", "week", "month")
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
"""Types whose every value is a whole number of 64 bits."""
NUMBERS = (*WHOLE, "HUGEINT", "UBIGINT", "FLOAT", "DOUBLE", "DECIMAL")
TEXT = "VARCHAR"
SIGNS = r"^(-?)\s*(US)?[$€£]\s*"


@dataclass(frozen=True)
class CleaningOptions:
    """How cells are read."""

    zone: str = "UTC"
    """Zone in which days begin and hours are counted."""
    assume_zone: str | None = None
    """Zone of times that state none; None = such rows are refused."""
    currency: str | None = None
    """Currency where the cell is empty; None = such rows are refused."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """usd per unit of a currency; USD itself is 1."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Old name of a plan -> its name now."""


@dataclass(frozen=True)
class _Cleaned:
    value: str
    fault: str
    """SQL text of the kind of fault, or NULL."""
    mended: str = "NULL"


def cleaning_query(source: TableFile, options: CleaningOptions, relation: str, kept_too: tuple[str, ...] = ()) -> str:
    """Rows with typed columns, ``fault``, ``fault_column``, ``fault_cell`` and ``mended``."""
    columns = TABLES[source.table].columns
    raw = [f"{_raw(source, name)} AS {name}_raw" for name in columns]
    cleaned = {name: _cleaned(source, name, column, options) for name, column in columns.items()}
    values = [f"{c.value} AS {_name(name)}" for name, c in cleaned.items()]
    attributes = [f"{_cell(source, name)} AS {_name(name)}" for name in source.attributes]
    faults = [(c.fault, name) for name, c in cleaned.items() if c.fault != "NULL"]
    faults += [(fault, name) for fault, name in _between(source.table, options)]
    mended = [c.mended for c in cleaned.values() if c.mended != "NULL"]
    fault = _first([f for f, _ in faults])
    named = "CASE " + " ".join(f"WHEN ({f}) IS NOT NULL THEN {quoted(n)}" for f, n in faults) + " END"
    shown = [(f, n) for f, n in faults if columns[n].kind != "id"]
    cell = "CASE " + " ".join(f"WHEN ({f}) IS NOT NULL THEN CAST({n}_raw AS VARCHAR)" for f, n in shown) + " END"
    inner = f"SELECT {', '.join([*raw, *attributes, *kept_too])} FROM {relation}"
    middle = f"SELECT *, {', '.join(values)} FROM ({inner})"
    kept = ", ".join(map(_name, [*columns, *source.attributes, *kept_too]))
    return (
        f"SELECT {kept}, {fault} AS fault, {named} AS fault_column, {cell} AS fault_cell, {_first(mended)} AS mended "
        f"FROM ({middle})"
    )


def _name(attribute: str) -> str:
    return '"' + attribute.replace('"', '""') + '"'


def _first(options: list[str]) -> str:
    return f"coalesce({', '.join(options)})" if len(options) > 1 else options[0] if options else "NULL"


def _cell(source: TableFile, attribute: str) -> str:
    return _name(attribute) if source.is_parquet else f"trim(c{source.header.index(attribute)})"


def _raw(source: TableFile, column: str) -> str:
    """The cell as text without spaces around it, empty as NULL; typed where parquet has a type."""
    used = source.column_map
    if used and column in used.constants:
        return quoted(used.constants[column])
    parts = source.columns.get(column, ())
    if not parts:
        return "CAST(NULL AS VARCHAR)"
    if source.kinds.get(column, TEXT) != TEXT:
        return parts[0]
    return _first([f"nullif(trim({part}), '')" for part in parts])


def _type_of(source: TableFile, column: str) -> str:
    used = source.column_map
    return TEXT if used and column in used.constants else source.kinds.get(column, TEXT)


def _cleaned(source: TableFile, name: str, column: TableColumn, options: CleaningOptions) -> _Cleaned:
    raw = f"{name}_raw"
    kind, typed = column.kind, _type_of(source, name)
    used = source.column_map
    if used and name in used.values:
        words = " ".join(f"WHEN {quoted(a)} THEN {quoted(b)}" for a, b in used.values[name].items())
        raw = f"CASE lower(CAST({raw} AS VARCHAR)) {words} ELSE {raw} END"
    if kind in ("count", "amount", "share", "money", "hour"):
        factor = used.scale.get(name, 1.0) if used else 1.0
        made = _number(raw, name, column, typed, source.decimal_comma, factor)
    elif kind in ("day", "time"):
        made = _time(raw, typed, options, used.zone if used else None)
    elif kind == "interval":
        made = _interval(raw)
    elif kind == "flag":
        made = _flag(raw, typed)
    else:
        made = _text(raw, name, kind == "name", typed, options)
    fault = made.fault
    if column.required and name != "currency":
        fault = f"CASE WHEN {name}_raw IS NULL THEN 'empty' ELSE {made.fault} END"
    value = made.value
    if name == "hour":
        mapped = used.zone if used else None
        moment = _moment("day_raw", _type_of(source, "day"), options, mapped)
        clock = _has_clock(source, mapped or options.assume_zone)
        value = f"coalesce({value}, CASE WHEN {clock} THEN hour({moment}) END)"
    return _Cleaned(value, fault, made.mended)


def _text(raw: str, name: str, is_name: bool, typed: str, options: CleaningOptions) -> _Cleaned:
    text = raw if typed == TEXT else f"CAST({raw} AS VARCHAR)"
    if not is_name:
        return _Cleaned(text, "NULL")
    if name == "currency":
        value = f"upper({text})" if options.currency is None else f"coalesce(upper({text}), {quoted(options.currency)})"
        return _Cleaned(value, "NULL")
    value = f"lower({text})"
    if name in ("plan", "eligible", "to") and options.renamed:
        words = " ".join(f"WHEN {quoted(old)} THEN {quoted(new)}" for old, new in options.renamed.items())
        value = f"CASE {value} {words} ELSE {value} END"
    if name == "segment":
        value = f"coalesce({value}, 'all')"
    if name == "window":
        allowed = ", ".join(map(quoted, WINDOWS))
        return _Cleaned(value, f"CASE WHEN {value} NOT IN ({allowed}) THEN 'window' END")
    return _Cleaned(value, "NULL")


def _number(raw: str, name: str, column: TableColumn, typed: str, comma: bool, factor: float) -> _Cleaned:
    money = column.kind == "money"
    if typed in WHOLE and column.kind in ("count", "hour") and factor == 1.0:
        return _whole_number(raw, column)
    if any(typed.startswith(number) for number in NUMBERS):
        number, fault, mended = f"CAST({raw} AS DOUBLE)", "NULL", "NULL"
    else:
        number, fault, mended = _number_in_text(raw if typed == TEXT else f"CAST({raw} AS VARCHAR)", money, comma)
    finite = f"CASE WHEN isfinite({number}) THEN {number} END"
    value = finite if factor == 1.0 else f"({finite}) * {factor!r}"
    whole = column.kind in ("count", "hour")
    faults = [fault, f"CASE WHEN {raw} IS NOT NULL AND ({finite}) IS NULL THEN 'number' END"]
    faults.append(f"CASE WHEN ({number}) < 0 THEN '{'refund' if money and name == 'price' else 'negative'}' END")
    if whole:
        faults.append(f"CASE WHEN ({number}) <> floor({number}) THEN 'whole' END")
        value = f"CAST({value} AS BIGINT)"
    if column.kind == "hour":
        faults.append(f"CASE WHEN ({number}) > 23 THEN 'hour' END")
    if column.kind == "share":
        faults.append(f"CASE WHEN ({number}) > 1 THEN 'share' END")
    guarded = f"CASE WHEN abs({number}) < 9e18 THEN {value} END" if whole else value
    return _Cleaned(guarded, _first([f for f in faults if f != "NULL"]), mended)


def _whole_number(raw: str, column: TableColumn) -> _Cleaned:
    """A typed whole number, of which little can be wrong: a log has billions of them."""
    most = f" WHEN {raw} > 23 THEN 'hour'" if column.kind == "hour" else ""
    return _Cleaned(f"CAST({raw} AS BIGINT)", f"CASE WHEN {raw} < 0 THEN 'negative'{most} END")


def _number_in_text(text: str, money: bool, comma: bool) -> tuple[str, str, str]:
    """The number, a fault of how it is written, and what is mended."""
    bare = f"regexp_replace({text}, {quoted(SIGNS)}, '\\1')" if money else text
    groups, sign = (r"^-?\d{1,3}(\.\d{3})+(,\d+)?$", ".") if comma else (r"^-?\d{1,3}(,\d{3})+(\.\d+)?$", ",")
    point = f"replace({bare}, ',', '.')" if comma else bare
    grouped = f"replace({bare}, {quoted(sign)}, '')"
    grouped = f"replace({grouped}, ',', '.')" if comma else grouped
    fitting = f"regexp_matches({bare}, {quoted(groups)})"
    # 1,234 alone may be 1234 or 1.234: only several groups, or a decimal sign behind them, say which
    alone = r"^-?\d{1,3}\.\d{3}$" if comma else r"^-?\d{1,3},\d{3}$"
    ambiguous = f"regexp_matches({bare}, {quoted(alone)})"
    plain = (
        f"CASE WHEN NOT {ambiguous} THEN TRY_CAST({point} AS DOUBLE) END" if comma else f"TRY_CAST({bare} AS DOUBLE)"
    )
    number = f"coalesce({plain}, CASE WHEN {fitting} AND NOT {ambiguous} THEN TRY_CAST({grouped} AS DOUBLE) END)"
    simple = f"TRY_CAST({text} AS DOUBLE) IS NULL"
    fault = f"CASE WHEN {simple if not comma else 'TRUE'} AND {ambiguous} THEN 'number-ambiguous' END"
    mended = f"CASE WHEN {simple} AND {fitting} THEN 'thousands' END"
    if money:
        mended = f"coalesce({mended}, CASE WHEN {simple} AND {bare} <> {text} THEN 'sign' END)"
    return number, fault, mended


def _time(raw: str, typed: str, options: CleaningOptions, mapped: str | None) -> _Cleaned:
    """The day in the zone, and a fault."""
    moment = _moment(raw, typed, options, mapped)
    fault = "NULL"
    if typed == TEXT or (typed.startswith("TIMESTAMP") and "TIME ZONE" not in typed):
        stated = f"regexp_matches(CAST({raw} AS VARCHAR), '^\\d{{4}}-\\d{{2}}-\\d{{2}}[T ]')"
        without = f"CASE WHEN {raw} IS NOT NULL AND ({moment}) IS NULL AND {stated} THEN 'zone' END"
        fault = _first([without, f"CASE WHEN {raw} IS NOT NULL AND ({moment}) IS NULL THEN 'date' END"])
    return _Cleaned(f"CAST({moment} AS DATE)", fault)


def _moment(raw: str, typed: str, options: CleaningOptions, mapped: str | None) -> str:
    """The local time as TIMESTAMP, NULL where it cannot be read."""
    zone = quoted(options.zone)
    assumed = mapped or options.assume_zone
    if typed == "DATE":
        return f"CAST({raw} AS TIMESTAMP)"
    if "TIME ZONE" in typed:
        return f"timezone({zone}, {raw})"
    # midnight of no zone is how many programs write a day
    day = "CASE WHEN {0} = date_trunc('day', {0}) THEN {0} END"
    naive = f"timezone({zone}, timezone({quoted(assumed)}, {{0}}))" if assumed else day
    if typed.startswith("TIMESTAMP"):
        return naive.format(f"CAST({raw} AS TIMESTAMP)")
    if any(typed.startswith(number) for number in NUMBERS):
        return f"timezone({zone}, to_timestamp(CAST({raw} AS DOUBLE)))"
    with_zone = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(Z| ?UTC| ?[+-]\d{2}(:?\d{2})?)$"
    no_zone = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.]\d+)?)?$"
    return (
        f"coalesce(CASE WHEN length({raw}) = 10 THEN CAST(TRY_CAST({raw} AS DATE) AS TIMESTAMP) END, CASE "
        f"WHEN regexp_matches({raw}, {quoted(with_zone)}) THEN timezone({zone}, TRY_CAST({raw} AS TIMESTAMPTZ)) "
        f"WHEN regexp_matches({raw}, '^\\d{{10}}([.]\\d+)?$') "
        f"THEN timezone({zone}, to_timestamp(TRY_CAST({raw} AS DOUBLE))) "
        f"WHEN regexp_matches({raw}, {quoted(no_zone)}) THEN {naive.format(f'TRY_CAST({raw} AS TIMESTAMP)')} END)"
    )


def _has_clock(source: TableFile, assumed: str | None) -> str:
    """SQL: whether the cell of ``day`` states a time of the day."""
    epoch = "regexp_matches(day_raw, '^\\d{10}$')"
    typed = _type_of(source, "day")
    if typed == "DATE":
        return "FALSE"
    if not assumed and typed.startswith("TIMESTAMP") and "TIME ZONE" not in typed:
        return "FALSE"  # only midnights of no zone are read, which are days
    if not assumed and typed == TEXT:
        return "length(day_raw) <> 10 AND NOT regexp_matches(day_raw, '[T ]00:00(:00([.]0+)?)?$') OR " + epoch
    return f"length(day_raw) <> 10 OR {epoch}" if typed == TEXT else "TRUE"


def _interval(raw: str) -> _Cleaned:
    text = f"lower({raw})"
    words = " ".join(f"WHEN {quoted(a)} THEN {quoted(b)}" for a, b in INTERVAL_WORDS.items())
    value = f"CASE {text} {words} ELSE {text} END"
    allowed = ", ".join(map(quoted, INTERVAL_MONTHS))
    others = ", ".join(map(quoted, INTERVAL_WORDS))
    fault = f"CASE WHEN ({value}) NOT IN ({allowed}) THEN 'interval' END"
    return _Cleaned(value, fault, f"CASE WHEN {text} IN ({others}) THEN 'interval-word' END")


def _flag(raw: str, typed: str) -> _Cleaned:
    if typed == "BOOLEAN":
        return _Cleaned(raw, "NULL")
    text = f"lower(CAST({raw} AS VARCHAR))"
    value = f"CASE WHEN {text} IN ('true', '1', 'yes', 't', 'y') THEN TRUE "
    value += f"WHEN {text} IN ('false', '0', 'no', 'f', 'n') THEN FALSE END"
    return _Cleaned(value, f"CASE WHEN {raw} IS NOT NULL AND ({value}) IS NULL THEN 'flag' END")


def _between(table: str, options: CleaningOptions) -> list[tuple[str, str]]:
    """Faults that several columns make together, with the column that is blamed."""
    if table == "usage":
        return [("CASE WHEN cached_tokens > input_tokens THEN 'cached' END", "cached_tokens")]
    if table == "experiments":
        return [("CASE WHEN chosen > exposed THEN 'chosen' END", "chosen")]
    if table in ("rivals", "switching", "survey"):
        neither = "CASE WHEN \"count\" IS NULL AND (share IS NULL OR n IS NULL) THEN 'counted' END"
        return [(neither, "count")]
    if table == "prices":
        return [(_rate_fault("coalesce(currency, 'USD')", options), "currency")]
    if table == "choices":
        missing = "CASE WHEN currency IS NULL THEN 'currency' END"
        return [(missing, "currency"), (_rate_fault("currency", options), "currency")]
    if table != "subscriptions":
        return []
    return [
        ("CASE WHEN ended < started THEN 'order' END", "ended"),
        ("CASE WHEN currency IS NULL AND price <> 0 THEN 'currency' END", "currency"),
        (f"CASE WHEN price <> 0 THEN {_rate_fault('currency', options)} END", "currency"),
    ]


def _rate_fault(currency: str, options: CleaningOptions) -> str:
    known = ", ".join(map(quoted, {"USD": 1.0, **options.rates}))
    return f"CASE WHEN {currency} NOT IN ({known}) THEN 'rate' END"


def in_usd(amount: str, options: CleaningOptions, currency: str = "currency") -> str:
    """An amount in USD."""
    cases = " ".join(f"WHEN {quoted(c)} THEN {rate!r}" for c, rate in options.rates.items())
    return f"{amount} * CASE {currency} {cases} ELSE 1.0 END" if cases else amount


def a_month(amount: str) -> str:
    """An amount an interval as an amount a month."""
    cases = " ".join(f"WHEN {quoted(i)} THEN {months!r}" for i, months in INTERVAL_MONTHS.items())
    return f'{amount} / CASE "interval" {cases} END'
