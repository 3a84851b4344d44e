"""Which versions made a result."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("pricing-strategy-optimizer", "pyomo", "highspy", "numpy", "pandas", "pydantic")


@cache
def package_version(name: str = PACKAGES[0]) -> str:
    """Installed version of a distribution; ``unknown`` where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def versions() -> dict[str, str]:
    """Versions of the package, of Python and of what computes."""
    return {"python": platform.python_version(), **{name: package_version(name) for name in PACKAGES}}
