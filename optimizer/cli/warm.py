"""The command that compiles the inner loops of long searches in advance."""

from __future__ import annotations

import sys
import time

import typer

from optimizer.errors import OptimizerError


def warm() -> None:
    """Compile the inner loops of long searches, once per installation."""
    from optimizer.search.kernels import load

    print("compiling the inner loops of long searches: some 15 s of a processor, once", file=sys.stderr, flush=True)
    began = time.monotonic()
    if not load():
        raise OptimizerError("there is nothing to compile: numba is not installed, or has nowhere to keep its code")
    print(f"ready, {time.monotonic() - began:.1f} s")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(warm)
