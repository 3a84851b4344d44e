"""A command imports only what it uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HEAVY = (
    "altair", "dask", "distributed", "highspy", "jinja2", "numba", "numpy", "openpyxl", "pandas", "pyarrow", "pydantic",
    "pyomo", "pyomo.environ", "rich", "ruamel.yaml", "scipy",
)  # fmt: skip
READS = "pydantic ruamel.yaml"
COUNTS = f"{READS} numpy"
USED = {  # command line -> which of them it imports
    "--version": "",
    "--help": "",
    "run --help": "",
    "frontier --help": "",
    "learn --help": "",
    "learn reduce --help": "",
    "learn fit --help": "",
    "rnu": "",
    "list": "",
    "list --json": "ruamel.yaml",
    "schema case": "pydantic",
    "schema market": "pydantic",
    "schema figures": "pydantic numpy",
    "equations": "numpy pyomo",
    "copy openai-2025-today DIR": READS,
    "check openai-2025-margin": COUNTS,
    "backtest business-cut-2026-04": f"{COUNTS} rich",
    "backtest business-cut-2026-04 --json": COUNTS,
    "evaluate openai-2025-margin": f"{COUNTS} rich",
    "evaluate openai-2025-margin --json": COUNTS,
    "run openai-2025-today --out DIR --json": COUNTS,
    # HiGHS works in a process of its own, which imports numpy beside it
    "run assistant-startup-margin": f"{COUNTS} rich pyomo",
}
AT_LENGTH = {"run --help", "learn --help", "learn fit --help", "schema market", "schema figures"}
"""Of a kind that another line stands for."""
TOLD = f"""
import atexit, sys
atexit.register(lambda: print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr))
"""


@pytest.mark.parametrize(
    "line", [pytest.param(line, marks=[pytest.mark.full] if line in AT_LENGTH else []) for line in USED]
)
def test_what_a_command_imports(line: str, tmp_path: Path, run_process: Any) -> None:
    told = run_process(*line.replace("DIR", str(tmp_path / "out")).split(), site=TOLD)
    assert told.code == (2 if line == "rnu" else 0)
    assert set(told.err.splitlines()[-1].split()) == set(USED[line].split())


def test_what_verify_imports(tmp_path: Path, call: Any, run_process: Any) -> None:
    assert call("run", "openai-2025-today", "--out", tmp_path / "out", "--json").code == 0
    told = run_process("verify", tmp_path / "out", site=TOLD)
    assert told.code == 0
    assert set(told.err.splitlines()[-1].split()) == set(COUNTS.split())
