"""Plain data as text for other programs: JSON that every reader takes, CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any


def clean(value: Any) -> Any:
    """Plain JSON data: nan becomes null, infinity a word."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else ("unlimited" if value > 0 else "-unlimited")
    if isinstance(value, dict):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean(v) for v in value]
    return value


def dumps(document: dict[str, Any]) -> str:
    """One JSON object, keys in order, valid for every reader."""
    return json.dumps(clean(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def cell(value: Any) -> Any:
    """A table cell that no spreadsheet takes for a formula."""
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value


def csv_table(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if rows:
        writer.writerow(rows[0].keys())
    for row in rows:
        writer.writerow([cell(v) for v in row.values()])
    return out.getvalue()
