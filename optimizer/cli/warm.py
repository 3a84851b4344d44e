"""The command that compiles the inner loops of long searches in advance."""

from __future__ import annotations

import sys
import time

import typer

from optimizer.errors import OptimizerError


def warm() -> None:
    """Compile the inner loops of long searches, once per installation."""
    from optimizer.horizon.loading import load as load_paths
    from optimizer.search.kernels import load as load_menus
    from optimizer.uncertainty.choice import load as load_draws

    print(
        "compiling the inner loops of long searches: up to two minutes of a processor, once",
        file=sys.stderr,
        flush=True,
    )
    began = time.monotonic()
    for what, load in (("menus", load_menus), ("many draws", load_draws), ("months", load_paths)):
        print(f"searches over {what}", file=sys.stderr, flush=True)
        if not load():
            raise OptimizerError("there is nothing to compile: numba is not installed, or has nowhere to keep its code")
    print(f"ready, {time.monotonic() - began:.1f} s")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(warm)
