"""How far proofs get over many instances: ``python benchmarks/spread.py [--seeds 101:111] [--limit 60] [--jobs 1]``.

For every family (``families.py``): how many of how many close, and median and worst of gap, wall and CPU seconds.
Every instance in a process of its own. What was measured is kept in ``--out``, a JSON line each, so that a run that
was broken off goes on where it stood; cells of other code, limit or gap are measured anew. ``--rows`` measures nothing
and prints the rows of what is there. ``--later`` leaves the recheck of menus to a second run of the same command
without it: a recheck takes one to three times as long as the search and needs no quiet machine. ``--assortments
FOLDER`` adds the public hard assortments (``assortments.py``).

Instances that stay open count with the time limit, and come after all that close; where the median or the worst is
such a one it is marked ``>``. Seeds should be ones that nothing was tuned on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from benchmarks import runner  # noqa: E402
from benchmarks.book import Book, say  # noqa: E402
from benchmarks.families import Family, families  # noqa: E402
from benchmarks.table import machine, percent, seconds, table  # noqa: E402

OUT = HERE / "results" / "spread.jsonl"
GRACE = 400.0
"""Seconds beyond the limit for making an instance and for rechecking its proof."""
HEAD = [
    "family", "to", "limit, s", "closed", "gap: median", "gap: worst", "s: median", "s: worst",
    "CPU s: median", "CPU s: worst", "proofs rechecked",
]  # fmt: skip
SHORT = (0, 1, 3, 5, 8, 9)
"""Columns for a reader in a hurry."""
WORDS = (
    "Seeds {seeds}. Instances that stay open count with the limit at least and come after all that close: where the "
    "median or the worst is one of them it is marked >."
)
Key = tuple[str, str, float | None, float, str]


@dataclass(frozen=True)
class Measured:
    """One instance."""

    family: str
    instance: str
    asked: float | None
    """Gap of the family; None: the instance's own."""
    limit: float
    code: str
    wanted: float
    """Gap asked for."""
    gap: float
    """Infinite without an answer."""
    seconds: float
    cpu: float
    rechecked: bool | None
    """None: there is no certificate, or it was not rechecked (yet)."""
    note: str = ""
    recheck_cpu: float = 0.0
    """CPU seconds of the recheck; part of no figure."""
    value: float | None = None
    """Of the answer, by direct evaluation."""
    bound: float | None = None

    @property
    def key(self) -> Key:
        return self.family, self.instance, self.asked, self.limit, self.code

    @property
    def closed(self) -> bool:
        """Whether the gap was proven in time."""
        return self.gap <= self.wanted * 1.01 + 1e-9 and self.seconds <= self.limit

    def counted(self, spent: float) -> tuple[bool, float]:
        """Seconds by which it is ranked: open ones after all that closed, with the limit at least."""
        return (False, spent) if self.closed else (True, max(spent, self.limit))


def measured(
    family: Family, instance: str, params: dict[str, Any], limit: float, gap: float | None, code: str,
    path: Path | None = None, times: int = 1, proof: Path | None = None,
) -> Measured:  # fmt: skip
    """Run a cell; solved several ``times`` it is not rechecked. ``proof``: file for that of a menu, rechecked later."""
    asked = family.gap if gap is None else gap
    job = {**params, "gap": asked, "times": times, "checked": times == 1, "proof": _path(proof), "solved": False}
    raw = runner.run(_contestant(family), {}, job, limit, GRACE, path)
    value, bound = raw.get("value"), raw.get("bound")
    reached = math.inf
    if not raw.get("failed") and value is not None and bound is not None and value:
        reached = raw.get("gap", max(0.0, bound - value) / abs(value))
    return Measured(
        family.name, instance, asked, limit, code, raw.get("wanted", asked or 0.0), reached, raw.get("seconds", limit),
        raw.get("cpu", limit), raw.get("rechecked"), raw.get("failed") or raw.get("note", ""),
        raw.get("recheck_cpu", 0.0), value, bound,
    )  # fmt: skip


def _contestant(family: Family) -> runner.Contestant:
    return runner.Contestant("this project", "spread_cells", family.function)


def _path(proof: Path | None) -> str:
    return "" if proof is None else str(proof.resolve())


def rechecked(family: Family, cell: Measured, params: dict[str, Any], proof: Path) -> Measured:
    """The same cell with its proof rechecked from a file."""
    job = {**params, "proof": _path(proof), "solved": True, "value": cell.value, "bound": cell.bound}
    raw = runner.run(_contestant(family), {}, job, cell.limit, 10.0 * GRACE)
    note = raw.get("failed") or raw.get("note", "")
    return replace(cell, rechecked=raw.get("rechecked"), recheck_cpu=raw.get("recheck_cpu", 0.0), note=note)


def median(values: Sequence[tuple[bool, float]]) -> tuple[bool, float]:
    """Of ranked seconds; open where one of the two in the middle is."""
    ranked = sorted(values)
    low, high = ranked[(len(ranked) - 1) // 2], ranked[len(ranked) // 2]
    return low[0] or high[0], low[1] if low == high else 0.5 * (low[1] + high[1])


def shown(ranked: tuple[bool, float]) -> str:
    """Seconds, with a mark where the limit stands for what is not known."""
    return ("> " if ranked[0] else "") + seconds(ranked[1])


def row(family: Family, cells: Sequence[Measured]) -> list[str]:
    """A family's line of the table."""
    gaps = [(False, cell.gap) for cell in cells]
    wall, cpu = ([cell.counted(spent(cell)) for cell in cells] for spent in (_seconds, _cpu))
    wanted = sorted({cell.wanted for cell in cells})
    limits = sorted({cell.limit for cell in cells})
    held = sum(cell.rechecked is True for cell in cells)
    return [
        family.title, " to ".join(f"{one:g}" for one in dict.fromkeys((wanted[0], wanted[-1]))),
        " to ".join(f"{one:g}" for one in dict.fromkeys((limits[0], limits[-1]))),
        f"{sum(cell.closed for cell in cells)} of {len(cells)}", percent(median(gaps)[1]), percent(max(gaps)[1]),
        shown(median(wall)), shown(max(wall)), shown(median(cpu)), shown(max(cpu)),
        f"{held} of {len(cells)}" if family.certified else "no certificate",
    ]  # fmt: skip


def _seconds(cell: Measured) -> float:
    return cell.seconds


def _cpu(cell: Measured) -> float:
    return cell.cpu


def told(wanted: Iterable[Family], cells: Iterable[Measured], columns: Sequence[int] = range(len(HEAD))) -> str:
    """The table, a line for every family, gap and limit, and below it what went wrong."""
    by = dict[tuple[str, float | None, float], list[Measured]]()
    listed = list(wanted)
    names = {family.name for family in listed}
    for cell in sorted((cell for cell in cells if cell.family in names), key=lambda cell: cell.limit):
        by.setdefault((cell.family, cell.asked, cell.limit), []).append(cell)
    rows = [row(family, own) for family in listed for key, own in by.items() if key[0] == family.name]
    wrong = [
        f"- {cell.family}, {cell.instance}: {cell.note or 'the proof does not hold'}"
        for own in by.values() for cell in own if cell.note or cell.rechecked is False
    ]  # fmt: skip
    shown_rows = [[line[k] for k in columns] for line in (HEAD, *rows)]
    return "\n".join([table(shown_rows[0], shown_rows[1:]), *([""] if wrong else []), *wrong])


def code_of(root: Path = HERE.parent) -> str:
    """A digest of the project, what ships with it, and the instances: cells measured with others do not count."""
    digest = hashlib.sha256()
    files = [f for part in ("optimizer", "cases", "models") for f in sorted((root / part).rglob("*"))]
    for file in [*files, *(root / "benchmarks" / f"{name}.py" for name in ("families", "instances", "spread_cells"))]:
        if file.is_file() and file.suffix in (".py", ".yaml", ".csv"):
            digest.update(str(file.relative_to(root)).encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def kept(file: Path) -> dict[Key, Measured]:
    """What a file holds; a line that was cut short is left out."""
    found = dict[Key, Measured]()
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            cell = Measured(**json.loads(line))
        except (ValueError, TypeError):
            continue
        found[cell.key] = cell
    return found


def proof_of(out: Path, key: Key) -> Path:
    """Where the proof of a cell is put."""
    return out.with_suffix(".proofs") / "-".join(str(part).replace(" ", "-") for part in key)


def measure(
    wanted: Sequence[Family], seeds: Sequence[int], limit: float, gap: float | None = None, jobs: int = 1,
    out: Path | None = None, later: bool = False,
) -> list[Measured]:  # fmt: skip
    """Every instance of every family, those known from ``out`` not again; families that run alone come last.

    ``later``: proofs of menus are put beside ``out``; without it, those that lie there are rechecked.
    """
    code, known, lock = code_of(), kept(out) if out else {}, threading.Lock()

    def one(family: Family, instance: str, params: dict[str, Any]) -> Measured:
        key = family.name, instance, family.gap if gap is None else gap, limit, code
        proof = proof_of(out, key) if out and family.function in ("menu", "assortment") else None
        old, began = known.get(key), time.perf_counter()
        if old and (later or old.rechecked is not None or not (proof and proof.is_file())):
            return old
        if old and proof:
            cell = rechecked(family, old, params, proof)
        else:
            cell = measured(family, instance, params, limit, gap, code, proof=proof if later else None)
        ended = f"gap {cell.gap:.2g}, {cell.seconds:.3g} s, CPU {cell.cpu:.3g}{'' if cell.closed else ', open'}"
        with lock:
            say(f"{family.name}, {instance}: {ended} {cell.note} ({time.perf_counter() - began:.0f} s in all)")
            if out:
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(cell)) + "\n")
        if old and proof and cell.rechecked:
            proof.unlink()
        return cell

    if later and out:
        out.with_suffix(".proofs").mkdir(parents=True, exist_ok=True)
    found: list[Measured] = []
    for alone in (False, True):
        asked = [(f, *own) for f in wanted if f.alone is alone for own in f.instances(seeds).items()]
        new = any((f.name, name, f.gap if gap is None else gap, limit, code) not in known for f, name, _ in asked)
        with ThreadPoolExecutor(1 if alone and new else jobs) as pool:  # rechecks use one thread each
            found += pool.map(lambda job: one(*job), asked)
    return found


def spread(book: Book) -> str:
    """The suite of ``run.py``: two seeds of what is quick, or ten of everything."""
    listed = [family for family in families().values() if book.mode == "full" or not family.slow]
    seeds = book.pick(range(21, 23), range(101, 111), range(101, 111))
    cells = measure(listed, seeds, book.limit)
    return f"{WORDS.format(seeds=f'{seeds[0]} to {seeds[-1]}')}\n\n{told(listed, cells)}"


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Median, worst and closed of n for every family of instances.")
    parser.add_argument("--families", nargs="+", metavar="NAME", help="these alone; a name may end in *")
    parser.add_argument("--list", action="store_true", help="the families' names")
    parser.add_argument("--seeds", default="101:111", help="first:end, the end left out")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds an instance")
    parser.add_argument("--gap", type=float, help="for all families instead of their own")
    parser.add_argument("--jobs", type=int, default=1, help="instances at a time, of searches that use one thread")
    parser.add_argument("--assortments", type=Path, metavar="FOLDER", help="public hard assortments, too")
    parser.add_argument("--out", type=Path, default=OUT, help="where cells are kept")
    parser.add_argument(
        "--later", action="store_true", help="keep proofs of menus in files; rechecked when run without"
    )
    parser.add_argument("--rows", action="store_true", help="print what was measured, measure nothing")
    parser.add_argument("--short", action="store_true", help="fewer columns")
    return parser.parse_args()


def main() -> None:
    """Measure what is not known yet, and print all of it."""
    given = options()
    known = families(given.assortments)
    names = given.families or list(known)
    columns = SHORT if given.short else range(len(HEAD))
    listed = [f for f in known.values() if any(fnmatchcase(f.name, name) for name in names)]
    if unknown := [name for name in names if not any(fnmatchcase(f, name) for f in known)]:
        raise SystemExit(f"no family is named {', '.join(unknown)}; there are: {', '.join(known)}")
    if given.list:
        print("\n".join(f"{f.name:24} {f.title}" for f in listed))
    elif given.rows:
        cells = list(kept(given.out).values())
        print(told(listed, [cell for cell in cells if cell.code == cells[-1].code], columns))
    else:
        first, end = map(int, given.seeds.split(":"))
        given.out.parent.mkdir(parents=True, exist_ok=True)
        cells = measure(listed, range(first, end), given.limit, given.gap, given.jobs, given.out, given.later)
        print(f"{machine()}. {WORDS.format(seeds=f'{first} to {end - 1}')}\n\n{told(listed, cells, columns)}")


if __name__ == "__main__":
    main()
