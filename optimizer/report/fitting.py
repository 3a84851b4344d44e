"""Tables of numbers on a narrow terminal: columns for which there is no room follow below, under the same names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table


@dataclass(frozen=True)
class Folded:
    """A table that is shown whole where it fits, else in parts one below the other."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for k, part in enumerate(_parts(self.table, console, options)):
            if k:
                yield ""
            yield part


def fitted(blocks: Iterable[Any]) -> Iterator[Any]:
    """The same blocks, tables of numbers folded; words wrap by themselves."""
    for block in blocks:
        numbers = isinstance(block, Table) and all(c.justify == "right" for c in block.columns[1:])
        yield Folded(block) if numbers else block


def _parts(table: Table, console: Console, options: ConsoleOptions) -> Iterator[Table]:
    room = options.max_width
    if _wide(table, console, options) <= room:
        yield table
        return
    taken: list[int] = []
    for k in range(1, len(table.columns)):
        if taken and _wide(_of(table, [*taken, k], not taken), console, options) > room:
            yield _of(table, taken, taken[0] == 1)
            taken = []
        taken.append(k)
    yield _of(table, taken, bool(taken) and taken[0] == 1)


def _wide(table: Table, console: Console, options: ConsoleOptions) -> int:
    found = Measurement.get(console, options.update(width=10_000), table)
    return found.maximum


def _of(table: Table, kept: list[int], titled: bool) -> Table:
    """Some columns of a table beside its first."""
    part = Table(title=table.title if titled else None, title_justify="left", title_style=table.title_style, box=None,
                 pad_edge=False, padding=(0, 2, 0, 0))  # fmt: skip
    for index, k in enumerate((0, *kept)):
        column = table.columns[k]
        part.columns.append(replace(column, _index=index))
    part.rows = list(table.rows)
    return part
