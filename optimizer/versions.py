"""Which versions made a result."""

from __future__ import annotations

import contextlib
import os
import platform
import sys

PACKAGES = ("pricing-strategy-optimizer", "pyomo", "highspy", "numpy", "pandas", "pydantic")


def own_version() -> str:
    """The version of this package, from the name of the folder that its installation left; else as any other's."""
    start, end = PACKAGES[0].replace("-", "_") + "-", ".dist-info"
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for name in os.listdir(folder or os.curdir):
                if name.startswith(start) and name.endswith(end):
                    return name.removeprefix(start).removesuffix(end)
    return package_version(PACKAGES[0])


def package_version(name: str) -> str:
    """Installed version of a distribution; ``unknown`` where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # a third of the shortest commands

    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def versions() -> dict[str, str]:
    """Versions of the package, of Python and of what computes."""
    return {"python": platform.python_version(), **{name: package_version(name) for name in PACKAGES}}
