"""Reading a saved result: its files, whole and well formed, or an error that says what is wrong."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optimizer.answer.solution import SCHEMA_VERSION
from optimizer.errors import Finding, InputError, bad_argument
from optimizer.io.folders import read_folder
from optimizer.io.text import MAX_BYTES

NEEDED = ("inputs.json", "result.json", "certificate.json")
CURE = "run the case again with --out"


@dataclass(frozen=True)
class SavedResult:
    """The files of a result folder."""

    folder: Path
    result: dict[str, Any]
    inputs: str
    certificate: dict[str, Any]
    altered: tuple[Finding, ...]
    """Files that are not what the manifest says was saved."""

    @property
    def version(self) -> int:
        """``schema_version``: 1 had no manifest, and proofs of single linear objectives alone."""
        return int(self.result["schema_version"])

    def text(self, name: str) -> str:
        """One more file. Raises InputError where it cannot be read."""
        return _text(self.folder, name)


def read_saved(folder: Path) -> SavedResult:
    """The result that a folder holds. Raises InputError where it is not one that ``--out`` made."""
    texts = {name: _text(folder, name) for name in NEEDED}
    result, certificate = (_object(folder, name, texts[name]) for name in ("result.json", "certificate.json"))
    if type(result.get("schema_version")) is not int or not 1 <= result["schema_version"] <= SCHEMA_VERSION:
        raise bad_argument("DIR", f"{folder / 'result.json'} is not a saved result of a version known here", CURE)
    altered: tuple[Finding, ...] = ()
    if result["schema_version"] > 1:
        try:
            read_folder(folder)
        except InputError as error:
            if any(f.code in ("folder-missing", "folder-manifest") for f in error.findings):
                raise
            altered = error.findings
    return SavedResult(folder, result, texts["inputs.json"], certificate, altered)


def _text(folder: Path, name: str) -> str:
    path = folder / name
    try:
        if path.stat().st_size > 16 * MAX_BYTES:
            raise bad_argument("DIR", f"{path} is too large to be a saved result", CURE)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_argument("DIR", f"cannot read {path}: {error}", "name a folder that 'run --out' made") from None


def _object(folder: Path, name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise bad_argument("DIR", f"{folder / name} is not what --out saves", CURE)
    return found


def csv_rows(text: str) -> list[list[Any]]:
    """A CSV table with its numbers as numbers, so that it can be compared."""

    def value(cell: str) -> Any:
        try:
            return float(cell)
        except ValueError:
            return cell

    return [[value(cell) for cell in row] for row in csv.reader(io.StringIO(text))]


@dataclass(frozen=True)
class Difference:
    """One place where a saved document is not what it should be."""

    path: str
    words: str
    shape: bool
    """Whether something is missing, is too much, or is of another kind, rather than of another value."""


def differences(wanted: Any, saved: Any, path: str = "", scale: float = 0.0) -> list[Difference]:
    """Where a saved document differs from the recomputed one; numbers at 1e-9 relative.

    Differences of large numbers (slack, change, gap, added) may differ by 1e-9 of what they are differences of.
    """
    if isinstance(wanted, Mapping):
        return _of_mappings(wanted, saved, path, scale) if isinstance(saved, Mapping) else [_kind(path)]
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        if not isinstance(saved, Sequence) or isinstance(saved, str):
            return [_kind(path)]
        if len(wanted) != len(saved):
            return [Difference(path, f"has {len(saved)} entries instead of {len(wanted)}", True)]
        pairs = enumerate(zip(wanted, saved, strict=True))
        return [found for k, (a, b) in pairs for found in differences(a, b, f"{path}[{k}]")]
    if _number(wanted) and _number(saved):
        same = math.isclose(wanted, saved, rel_tol=1e-9, abs_tol=max(1e-12, 1e-9 * scale))
        return [] if same else [Difference(path, f"is {saved!r} instead of {wanted!r}", False)]
    if type(wanted) is not type(saved) and not (isinstance(wanted, str) and isinstance(saved, str)):
        return [Difference(path, f"is {saved!r} instead of {wanted!r}", wanted is not None and saved is not None)]
    return [] if wanted == saved else [Difference(path, f"is {saved!r} instead of {wanted!r}", False)]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(path: str) -> Difference:
    return Difference(path, "is of another kind than what --out saves", True)


def _of_mappings(wanted: Mapping[str, Any], saved: Mapping[str, Any], path: str, scale: float) -> list[Difference]:
    at = f"{path}." if path else ""
    found = [Difference(f"{at}{key}", "is missing", True) for key in wanted.keys() - saved.keys()]
    found += [Difference(f"{at}{key}", "is nothing that --out saves", True) for key in saved.keys() - wanted.keys()]
    beside = [wanted.get(key) for key in ("bound", "value", "today", "revenue")]
    size = max((abs(float(v)) for v in beside if v is not None and _finite(v)), default=0.0)
    for key in wanted.keys() & saved.keys():
        known = {"slack": size, "added": size, "change": 1.0, "gap": 1.0, "largest_relative_difference": 1.0}
        found += differences(wanted[key], saved[key], f"{at}{key}", known.get(key, scale))
    return sorted(found, key=lambda d: d.path)


def _finite(value: Any) -> bool:
    return _number(value) and math.isfinite(value)
