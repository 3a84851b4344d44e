"""Files in and out: YAML and CSV with line numbers, findings from a schema, saving that never tears a file
or a folder.

Everything that reads refuses bad input with :class:`optimizer.errors.InputError`, all findings at once.
"""

from __future__ import annotations

from optimizer.io.documents import Document, merge
from optimizer.io.findings import to_findings
from optimizer.io.folders import read_folder
from optimizer.io.numbers_csv import read_numbers_csv
from optimizer.io.saving import write_atomic, write_folder_atomic
from optimizer.io.text import MAX_BYTES, read_text
from optimizer.io.yaml_reader import MAX_DEPTH, parse_yaml, read_yaml

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "Document",
    "merge",
    "parse_yaml",
    "read_folder",
    "read_numbers_csv",
    "read_text",
    "read_yaml",
    "to_findings",
    "write_atomic",
    "write_folder_atomic",
]
