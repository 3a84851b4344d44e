"""Two trees of this project against each other: ``python benchmarks/paired.py OLD NEW [--families ...] [--rounds 3]``.

OLD and NEW are folders with the project's sources, e.g. made by ``git worktree add FOLDER COMMIT``. The instances and
this file's own code are the same for both; only ``optimizer`` and what ships with it comes from the tree. In every
round each instance is solved by one and then by the other, the order changing from round to round, every time in a
process of its own. Told is the ratio NEW / OLD of the least CPU seconds: geometric mean, best and worst over the
instances that both close.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from benchmarks.book import say
from benchmarks.families import Family, families
from benchmarks.spread import Measured, measured
from benchmarks.table import geometric_mean, machine, table

QUICK = ("cases", "mixture-*", "alike-30-*", "random-30-*")
HEAD = ["family", "both close", "only old", "only new", "new / old CPU: mean", "best", "worst", "worst instance"]
REPEATS = 5
"""Runs in one process, of which the least counts; fewer where they take long."""


@contextmanager
def shown(tree: Path) -> Iterator[Path]:
    """A folder that shows a tree without its benchmarks, so that those of this file are imported."""
    if not (tree / "optimizer").is_dir():
        raise SystemExit(f"{tree} has no folder optimizer")
    with tempfile.TemporaryDirectory() as folder:
        for entry in tree.resolve().iterdir():
            if entry.name != "benchmarks":
                (Path(folder) / entry.name).symlink_to(entry)
        yield Path(folder)


def least(runs: Sequence[Measured]) -> Measured:
    """The run with the fewest CPU seconds, a closed one if there is one."""
    return min(runs, key=lambda cell: cell.counted(cell.cpu))


def row(family: Family, pairs: Sequence[tuple[str, Measured, Measured]]) -> list[str]:
    """A family's line: instance, old, new."""
    ratios = {name: new.cpu / old.cpu for name, old, new in pairs if old.closed and new.closed}
    only = [sum(a.closed and not b.closed for a, b in ends) for ends in (
        [(old, new) for _, old, new in pairs], [(new, old) for _, old, new in pairs])]  # fmt: skip
    if not ratios:
        return [family.title, f"0 of {len(pairs)}", *map(str, only), "-", "-", "-", "-"]
    worst = max(ratios, key=ratios.__getitem__)
    mean = geometric_mean(list(ratios.values()))
    sizes = (f"{ratio:.2f}" for ratio in (mean, min(ratios.values()), ratios[worst]))
    return [family.title, f"{len(ratios)} of {len(pairs)}", *map(str, only), *sizes, worst]


def compared(
    family: Family, seeds: Sequence[int], trees: tuple[Path, Path], limit: float, rounds: int
) -> list[tuple[str, Measured, Measured]]:
    """Every instance by both."""
    found = []
    for name, params in family.instances(seeds).items():
        runs: tuple[list[Measured], list[Measured]] = ([], [])
        for turn in range(rounds):
            for which in (0, 1) if turn % 2 == 0 else (1, 0):
                cell = measured(family, name, params, limit, None, "", path=trees[which], times=REPEATS)
                runs[which].append(cell)
        old, new = map(least, runs)
        say(f"{family.name}, {name}: CPU {old.cpu:.3g} s, {new.cpu:.3g} s; {old.note} {new.note}")
        found.append((name, old, new))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="CPU seconds of two trees of this project, instance by instance.")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--families", nargs="+", metavar="NAME", default=QUICK, help="a name may end in *")
    parser.add_argument("--seeds", default="101:104", help="first:end, the end left out")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds an instance")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    listed = [f for f in families().values() if any(fnmatchcase(f.name, name) for name in given.families)]
    first, end = map(int, given.seeds.split(":"))
    with shown(given.old) as old, shown(given.new) as new:
        rows = [row(f, compared(f, range(first, end), (old, new), given.limit, given.rounds)) for f in listed]
    print(f"{machine()}. {given.rounds} rounds, {given.limit:g} s an instance.\n\n{table(HEAD, rows)}")


if __name__ == "__main__":
    main()
