"""The examples run as they are, in a folder of their own, and say what they promise."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import optimizer

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
PACKAGE = Path(str(optimizer.__file__)).resolve().parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__")))


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = [str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def test_what_if_study(folder: Path) -> None:
    done = run(folder, "what_if_study.py")
    assert done.returncode == 0, done.stderr
    for word in ("price of Plus", "contribution_margin", "proved", "rivals halve", "Least to regret"):
        assert word in done.stdout


def test_monthly_planning_job_keeps_one_row_a_month_and_compares(folder: Path) -> None:
    first = run(folder, "monthly_planning_job.py", "2026-01", "last_month.csv", "plans.db")
    assert first.returncode == 0, first.stderr
    with sqlite3.connect(folder / "plans.db") as connection:
        changed = connection.execute("UPDATE plans SET menu = replace(menu, '20.0', '21.0')").rowcount
    connection.close()
    second = run(folder, "monthly_planning_job.py", "2026-02", "last_month.csv", "plans.db")
    assert changed == 1 and second.returncode == 0, second.stderr
    assert "last plan: 21.0" in second.stdout
    connection = sqlite3.connect(folder / "plans.db")
    rows = connection.execute("SELECT month, status FROM plans ORDER BY month").fetchall()
    connection.close()
    assert rows == [("2026-01", "proved"), ("2026-02", "proved")]


def test_monthly_planning_job_tells_bad_input(folder: Path) -> None:
    (folder / "bad.csv").write_text("plan,customers\npluss,3\n", encoding="utf-8")
    done = run(folder, "monthly_planning_job.py", "2026-03", "bad.csv", "plans.db")
    assert done.returncode == 2
    assert "bad input" in done.stderr and "did you mean 'today.plans.plus.customers'" in done.stderr
    assert "Traceback" not in done.stderr


def test_monthly_planning_job_tells_infeasible(folder: Path) -> None:
    asked = (
        "import sys\n"
        "sys.path.insert(0, '.')\n"
        "from monthly_planning_job import *\n"
        "import monthly_planning_job as job\n"
        "def none(counts): raise InfeasibleError('market share and margin clash')\n"
        "job.plan_month = none\n"
        "sys.exit(job.main('2026-01', Path('last_month.csv'), Path('plans.db')))\n"
    )
    done = run(folder, "-c", asked)
    assert done.returncode == 1 and "clash" in done.stderr
