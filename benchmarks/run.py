"""The benchmark: ``python benchmarks/run.py [--quick | --full] [--only NAME ...]``.

Prints the tables and saves them under ``benchmarks/results``. Ratios within one run on one machine are what counts.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMITS = {"quick": 5.0, "standard": 20.0, "full": 60.0}


def main() -> None:
    """Measure, print and save."""
    sys.path.append(str(HERE.parent))
    from benchmarks.book import Book, say
    from benchmarks.suites import SUITES
    from benchmarks.table import machine

    parser = argparse.ArgumentParser(description="Measure this project beside its peers.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_const", dest="mode", const="quick", help="small sizes, 5 s a cell")
    size.add_argument("--full", action="store_const", dest="mode", const="full", help="all sizes, 60 s a cell")
    parser.add_argument("--only", nargs="+", choices=sorted(SUITES), help="these tables only")
    parser.add_argument("--limit", type=float, help="seconds a cell")
    options = parser.parse_args()
    mode = options.mode or "standard"
    book = Book(mode, options.limit or LIMITS[mode])
    head = f"# Benchmark, {mode} run\n\n{machine()}. {book.limit:g} s a cell."
    print(head, flush=True)
    name = "-".join([mode, *(options.only or [])])
    file = HERE / "results" / f"{name}.md"
    file.parent.mkdir(exist_ok=True)
    parts = [head]
    for suite in options.only or SUITES:
        began = time.perf_counter()
        title, measure = SUITES[suite]
        parts.append(f"## {title}\n\n{measure(book)}")
        print("\n" + parts[-1], flush=True)
        file.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        say(f"{suite}: {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
