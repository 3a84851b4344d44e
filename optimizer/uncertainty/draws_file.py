"""Draws as a file: a table of paths x draws with weights, where they come from, and what was refused.

JSON holds all of it. CSV holds the table alone, a row a number and a column a draw, with a row ``weight`` on top; a
market that was learned may bring such a file of its own.
"""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from optimizer.errors import bad_argument
from optimizer.io.plain import dumps
from optimizer.io.text import MAX_BYTES
from optimizer.market.check import quantities
from optimizer.model.case_model import CaseModel
from optimizer.uncertainty.drawing import MarketDraws, market_hash

VERSION = 1
WEIGHT = "weight"
CURE = "make it anew with 'optimizer draws'"


def draws_document(draws: MarketDraws) -> dict[str, Any]:
    """Draws as plain data."""
    return {
        "schema_version": VERSION,
        "market": draws.market,
        "input_hash": draws.hash,
        "seed": draws.seed,
        "draws": draws.count,
        "effective_draws": draws.effective,
        "tried": draws.tried,
        "refused": dict(draws.refused),
        "raised": dict(draws.raised),
        "groups": {name: list(paths) for name, paths in draws.groups.items()},
        "weights": draws.weights.tolist(),
        "missed": [list(reasons) for reasons in draws.missed],
        "paths": [
            {"path": path, "unit": unit, "values": column.tolist()}
            for path, unit, column in zip(draws.paths, draws.units, draws.values.T, strict=True)
        ],
    }


def draws_text(draws: MarketDraws, name: str) -> str:
    """The content of a file of that name: CSV where it ends so, else JSON."""
    if not name.lower().endswith(".csv"):
        return dumps(draws_document(draws))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["path", "unit", *range(1, draws.count + 1)])
    writer.writerow([WEIGHT, "1", *map(repr, draws.weights.tolist())])
    for path, unit, column in zip(draws.paths, draws.units, draws.values.T, strict=True):
        writer.writerow([path, unit, *map(repr, column.tolist())])
    return out.getvalue()


def read_draws(file: Path, m: CaseModel) -> MarketDraws:
    """Draws of a file, checked against the case's market. Raises InputError."""
    try:
        if file.stat().st_size > 16 * MAX_BYTES:
            raise bad_argument("--draws", f"{file} is too large to be draws", CURE)
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_argument("--draws", f"cannot read {file}: {error}", "name a number, or a file of draws") from None
    try:
        draws = _from_csv(text, m) if file.suffix.lower() == ".csv" else draws_of_document(json.loads(text))
    except (KeyError, TypeError, ValueError, IndexError, RecursionError) as error:
        raise bad_argument("--draws", f"{file} is not a file of draws: {error}", CURE) from None
    return checked_draws(draws, m, str(file))


def draws_of_document(document: Any) -> MarketDraws:
    """Raises KeyError, TypeError or ValueError where it is not well formed."""
    if document["schema_version"] != VERSION:
        raise ValueError(f"schema_version {document['schema_version']!r} is not known here")
    rows, weights = document["paths"], np.array(document["weights"], dtype=np.float64)
    values = np.array([row["values"] for row in rows], dtype=np.float64).reshape(len(rows), len(weights)).T
    missed = tuple(tuple(map(str, reasons)) for reasons in document.get("missed", [[]] * len(weights)))
    seed = document.get("seed")
    return MarketDraws(
        str(document.get("market", "")), str(document.get("input_hash", "")), None if seed is None else int(seed),
        tuple(str(row["path"]) for row in rows), tuple(str(row["unit"]) for row in rows), values, weights, missed,
        int(document.get("tried", len(weights))), {str(k): int(n) for k, n in document.get("refused", {}).items()},
        {str(name): tuple(map(str, paths)) for name, paths in document.get("groups", {}).items()},
        {str(path): int(n) for path, n in document.get("raised", {}).items()},
    )  # fmt: skip


def _from_csv(text: str, m: CaseModel) -> MarketDraws:
    header, *rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if header[:2] != ["path", "unit"] or len(header) < 3:
        raise ValueError("the first row must be path, unit and a column for every draw")
    table = {row[0]: (row[1], [float(x) for x in row[2:]]) for row in rows}
    if len(table) < len(rows):
        raise ValueError("a path stands there twice")
    _, weights = table.pop(WEIGHT, ("1", [1.0] * (len(header) - 2)))
    values = np.array([column for _, column in table.values()]).reshape(len(table), len(weights)).T
    units = tuple(unit for unit, _ in table.values())
    return MarketDraws(m.inputs.case.market, "", None, tuple(table), units, values, np.array(weights),
                       ((),) * len(weights), len(weights), {})  # fmt: skip


def checked_draws(draws: MarketDraws, m: CaseModel, where: str) -> MarketDraws:
    """The draws, which belong to this market. Raises InputError."""
    if draws.hash and draws.hash != market_hash(m):
        raise bad_argument("--draws", f"{where} was drawn from another market, or from an earlier state of it", CURE)
    numbers = quantities(m.inputs.market)
    for path, unit in zip(draws.paths, draws.units, strict=True):
        if path not in numbers:
            raise bad_argument("--draws", f"{where}: no number of the market is at {path!r}", CURE)
        if unit != numbers[path].unit:
            message = f"{where}: {path} is in {unit}, the market has {numbers[path].unit}"
            raise bad_argument("--draws", message, "state values in the market's unit")
    whole = len(draws.missed) == draws.count > 0 and draws.weights.shape == (draws.count,)
    if not whole or not np.isfinite(draws.values).all():
        raise bad_argument("--draws", f"{where}: values are missing, or are no numbers", CURE)
    if not all(math.isfinite(w) and w > 0.0 for w in draws.weights):
        raise bad_argument("--draws", f"{where}: every weight must be above 0", CURE)
    return draws
