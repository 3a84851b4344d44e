"""Reading a text file without surprises: size, encoding and invisible characters."""

from __future__ import annotations

import codecs
import difflib
import os
import re
import stat
from pathlib import Path

from optimizer.errors import Finding, InputError

MAX_BYTES = 2_000_000
"""Largest file that is read, in bytes."""

# Control characters other than tab and line feed, line breaks only some programs see, surrogates,
# marks that reorder text on the screen, and a byte order mark.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file, with line ends as ``\\n`` and without a byte order mark.

    Raises:
        InputError: missing, unreadable, not an ordinary file, empty, too large, not UTF-8, or with
            control characters in it.
    """
    name = os.fspath(path)
    content = _read_bytes(name)
    if wide := _wide(content):
        cure = "save it as UTF-8; in a spreadsheet program: CSV UTF-8 (comma separated)"
        raise refused("file-encoding", name, 1, f"the file is not UTF-8 text but {wide}", cure)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"the file is not UTF-8 text (byte 0x{error.object[error.start]:02x})"
        raise refused("file-encoding", name, line, message, "save it as UTF-8") from None
    text = text.replace("\r\n", "\n")
    found = HIDDEN.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        message = f"the file contains the invisible character U+{ord(found.group()):04X}"
        cure = "delete it; retype the line if you cannot see it"
        if found.group() == "\r":
            cure = "save it with line ends as Windows or Unix has them; in a spreadsheet program: CSV UTF-8"
        raise refused("file-control-character", name, line, message, cure)
    if not text.strip():
        raise refused("file-empty", name, 1, "the file is empty", "write its content, or name another file")
    return text


def _wide(content: bytes) -> str:
    """The encoding with two or four bytes a sign that content is in; empty for others."""
    start = content[:400]
    for marks, name in (((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "UTF-32"), ((b"\xff\xfe", b"\xfe\xff"), "UTF-16")):
        if start.startswith(marks):
            return name
    zeros = [start[k::2].count(0) for k in (0, 1)]
    half = len(start) // 2
    return "UTF-16" if half and min(zeros) == 0 and max(zeros) > half // 2 else ""


def _read_bytes(name: str) -> bytes:
    """The bytes of an ordinary file within the size limit."""
    try:
        info = os.stat(name)
    except FileNotFoundError:
        raise refused("file-missing", name, None, "there is no such file", _nearest_file(name)) from None
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None
    if stat.S_ISDIR(info.st_mode):
        raise refused("file-kind", name, None, "this is a folder, not a file", "name the file inside it")
    if not stat.S_ISREG(info.st_mode):
        raise refused("file-kind", name, None, "this is not an ordinary file", "save it as a file first")
    try:
        with open(name, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(name, error) from None
    if len(content) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES:,} bytes"
        raise refused("file-size", name, None, message, "split it, or check that it is the right file")
    return content


def _unreadable(name: str, error: Exception) -> InputError:
    """The refusal of a file that the operating system does not let us read."""
    reason = getattr(error, "strerror", None) or str(error)
    return refused("file-unreadable", name, None, f"the file cannot be read: {reason}", "check its name and its rights")


def _nearest_file(name: str) -> str:
    """A cure that names a similar file in the same folder, if there is one."""
    target = Path(name)
    try:
        others = sorted(p.name for p in target.parent.iterdir())
    except OSError:
        return "check the path: its folder does not exist"
    close = difflib.get_close_matches(target.name, others, n=1)
    return f"did you mean {target.parent / close[0]}?" if close else "check the path"


def refused(code: str, file: str, line: int | None, message: str, cure: str, field: str = "") -> InputError:
    """An InputError with one finding."""
    return InputError([Finding(code, "error", file, line, field, message, cure)])
