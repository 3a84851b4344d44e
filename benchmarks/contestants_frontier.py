"""pyaugmecon on this project's linear program, in an environment of its own (Python 3.12)."""

from __future__ import annotations

import tempfile
import time
from typing import Any

import numpy as np

from benchmarks.contestants_own import Data
from benchmarks.contestants_solvers import finite, program_rows


def pyaugmecon(data: Data, job: Data) -> Data:
    """Exact mode cannot be used with fractional figures: sampled with as many points as asked for."""
    from pyaugmecon import PyAugmecon

    config = {
        "mode": "sampled", "sample_points": job["samples"], "workers": 1, "progress_bar": False, "write_csv": False,
        "log_to_console": False, "artifact_folder": tempfile.mkdtemp(), "process_timeout": int(job["limit"]) + 1,
        "store_decision_variables": False, "solver_options": {"mip_rel_gap": job["gap"]},
    }  # fmt: skip
    solver = PyAugmecon(model_of(data), config)
    began = time.perf_counter()
    found = solver.solve()
    seconds = time.perf_counter() - began
    points = np.array(found.points) / np.array([job["x_scale"], job["scale"]])
    return {"points": points, "seconds": seconds, "solves": found.models_solved + found.models_infeasible}


def model_of(data: Data) -> Any:
    """The program in Pyomo with two aims: row ``x_row`` and the objective."""
    import pyomo.environ as pyo

    m = pyo.ConcreteModel()
    integer, low, high = (data[k].tolist() for k in ("p_integer", "p_lower", "p_upper"))
    domains = [pyo.Integers if whole else pyo.Reals for whole in integer]
    bounds = [(finite(a), finite(b)) for a, b in zip(low, high, strict=True)]
    m.c = pyo.Var(range(len(low)), domain=lambda _, k: domains[k], bounds=lambda _, k: bounds[k])
    m.rows = pyo.ConstraintList()
    m.obj_list = pyo.ObjectiveList()
    for r, (lhs, rhs, terms) in enumerate(program_rows(data)):
        body = sum(c * m.c[k] for k, c in terms)
        if r == int(data["p_x_row"]):
            m.obj_list.add(expr=body, sense=pyo.maximize)
        else:
            m.rows.add((finite(lhs), body, finite(rhs)))
    costs = enumerate(data["p_costs"].tolist())
    m.obj_list.add(expr=sum(c * m.c[k] for k, c in costs if c) + float(data["p_offset"]), sense=pyo.maximize)
    return m
