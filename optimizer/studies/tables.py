"""Tables as plain data, with the unit of every column: for spreadsheets and for other people's programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

BY_ROW = "by row"
"""Unit of a column whose unit stands in the row, in the column ``unit``."""


@dataclass(frozen=True)
class Column:
    """A column and the unit of what is in it."""

    name: str
    unit: str = ""

    @property
    def field(self) -> str:
        """The name in CSV and parquet files: with the unit, where that is not a plain count or fraction."""
        name = re.sub(r"\W+", "_", self.name)
        if self.unit in ("", BY_ROW, "fraction", "customers", "1"):
            return name
        what, per, time = self.unit.partition("/")
        head = re.sub(r"\W+", "_", what).lower()
        head = "" if head == "1" or head in name else f"_{head}"
        return f"{name}{head}_per_{re.sub(r'[^A-Za-z]+', '_', time)}" if per else f"{name}{head}"


@dataclass(frozen=True)
class Table:
    """Rows under columns."""

    title: str
    """Name of the sheet; lower case with underscores it is the name of the file."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def name(self) -> str:
        return self.title.lower().replace(" ", "_").replace("-", "_")

    @property
    def fields(self) -> list[str]:
        """The columns' names in CSV and parquet files, each once."""
        found: list[str] = []
        for column in self.columns:
            same = sum(re.fullmatch(rf"{re.escape(column.field)}(_\d+)?", name) is not None for name in found)
            found.append(f"{column.field}_{same + 1}" if same else column.field)
        return found

    def to_frame(self) -> pd.DataFrame:
        """As a frame; a column of texts and numbers becomes text."""
        import pandas as pd

        from optimizer.io.workbook_cells import plain_text

        frame = pd.DataFrame(list(self.rows), columns=self.fields, dtype=object)
        for name in frame.columns:
            values = [plain_text(v) if isinstance(v, str) else v for v in frame[name]]
            kinds = {type(v) for v in values if v is not None}
            if len(kinds) > 1 and str in kinds:
                values = [None if v is None else str(v) for v in values]
            frame[name] = pd.Series(values, dtype="float64" if kinds <= {int, float} and float in kinds else None)
        return frame


def table(title: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table from column name -> unit, and rows."""
    return Table(title, tuple(Column(n, u) for n, u in columns.items()), tuple(tuple(row) for row in rows))


def table_of(title: str, columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> Table:
    """A table from column name -> unit, and rows by the columns' names."""
    return table(title, columns, ([row[name] for name in columns] for row in rows))
