"""Markdown tables and the facts of the machine they were measured on."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(x).replace("|", "/") for x in line) + " |" for line in lines)


def seconds(value: float) -> str:
    """Three significant digits."""
    return "-" if math.isnan(value) else f"{value:.3g}"


def percent(value: float) -> str:
    """A gap; two significant digits."""
    if math.isnan(value):
        return "-"
    if math.isinf(value) or value > 9.99:
        return "> 999 %"
    return "0" if value < 5e-8 else f"{100 * value:.2g} %"


def times(value: float) -> str:
    """A ratio."""
    return "-" if math.isnan(value) else f"{value:,.0f} x" if value >= 20 else f"{value:.2g} x"


def geometric_mean(values: Sequence[float]) -> float:
    """nan for none."""
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The exponent k of time ~ size^k by least squares of the logarithms; nan below two points."""
    if len(sizes) < 2:
        return float("nan")
    x, y = [math.log(s) for s in sizes], [math.log(max(v, 1e-4)) for v in values]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)


def machine() -> str:
    """Cores, memory, processor, versions; nothing that names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0.0
    parts = [f"{date.today().isoformat()}", f"{os.cpu_count()} cores", f"{memory:.0f} GiB", _processor()]
    parts += [f"{platform.system()} {platform.machine()}", f"Python {platform.python_version()}"]
    for package in ("pricing-strategy-optimizer", "numpy", "highspy", "pyomo"):
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            parts.append(f"{package} (from source)")
    return ", ".join(p for p in parts if p)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
