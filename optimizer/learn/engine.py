"""The embedded database: opened with a limit of memory and a folder to spill to, cancelled when the process ends."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from optimizer.errors import InputError, bad_argument
from optimizer.execution.ending import at_end

Tell = Callable[[str], None]
"""Takes a line of progress."""


def silent(_line: str) -> None:
    """Tells nothing."""


def on_stderr(line: str) -> None:
    """Tells on stderr."""
    print(line, file=sys.stderr, flush=True)


_live: dict[str, Any] = {}
"""Folder -> connection of the databases that are open."""


def missing(error: ModuleNotFoundError) -> InputError:
    """What is said where a package of the extra is not installed."""
    return bad_argument(
        "learn", f"it needs the package {error.name}", "pip install 'pricing-strategy-optimizer[learn]'"
    )


@contextmanager
def database(memory: float, spill: Path | None = None) -> Iterator[tuple[Any, Path]]:
    """A connection to DuckDB within ``memory`` GB, and a scratch folder, which goes away with it. Raises InputError."""
    try:
        import duckdb
    except ModuleNotFoundError as error:
        raise missing(error) from None
    with TemporaryDirectory(prefix="optimizer-learn-", dir=spill, ignore_cleanup_errors=True) as folder:
        scratch = Path(folder) / "files"
        scratch.mkdir()
        connection = duckdb.connect(config={
            "memory_limit": f"{memory}GB", "temp_directory": str(Path(folder) / "spill"),
            "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        })  # fmt: skip
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        _live[folder] = connection
        try:
            yield connection, scratch
        finally:
            del _live[folder]
            connection.close()


def _stop() -> None:
    for folder, connection in list(_live.items()):
        with suppress(Exception):
            connection.interrupt()
        shutil.rmtree(folder, ignore_errors=True)


at_end(_stop)


@contextmanager
def step(tell: Tell, what: str) -> Iterator[None]:
    """Tells what is done and how long it took."""
    began = time.perf_counter()
    yield
    tell(f"{what}: {time.perf_counter() - began:.1f} s")
