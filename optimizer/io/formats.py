"""What the names of files say about their content."""

from __future__ import annotations

import os

WORKBOOKS = (".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".ods")
"""Names that a spreadsheet program gives its files; only the first is read."""


def is_workbook(path: str | os.PathLike[str]) -> bool:
    """Whether a path is named like a spreadsheet (one that is not .xlsx is refused when read)."""
    return os.fspath(path).lower().endswith(WORKBOOKS)
