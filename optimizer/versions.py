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


def source_hash() -> str:
    """Of this package's source as it lies on the disk: the same wherever and however the same source is installed."""
    import hashlib
    from pathlib import Path

    root, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted(p for p in root.rglob("*.py") if "_data" not in p.relative_to(root).parts):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
