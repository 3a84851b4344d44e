"""A solver process that misbehaves, for test_faults: python fake_worker.py PACKAGE COUNTER MODE [MODE ...]

One mode per start of the process (counted in the file COUNTER); the last repeats.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

package, counter, modes = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
sys.path.insert(0, str(Path(package).parent))
sys.path[:0] = os.environ["FAKE_WORKER_PATH"].split(os.pathsep)

from optimizer.solve import wire, worker_main  # noqa: E402

counter.write_text(counter.read_text() + "x")
mode = modes[min(len(counter.read_text()), len(modes)) - 1]


def lie(outcome: dict[str, Any]) -> dict[str, Any]:
    if mode == "infeasible-point":
        kind, data = outcome["values"]
        return {**outcome, "values": wire.array_out(wire.array_in((kind, data)) * 0.0 + 1.0)}
    if mode == "low-bound":
        return {**outcome, "bound": outcome["bound"] - 100.0}
    if mode == "wrong-objective":
        return {**outcome, "objective": outcome["objective"] + 100.0, "bound": outcome["bound"] + 100.0}
    if mode == "odd-fields":
        return {"status": "wonderful"}
    if mode == "short-values":
        return {**outcome, "values": wire.array_out([1.0])}
    return outcome


if mode in ("honest", "infeasible-point", "low-bound", "wrong-objective", "odd-fields", "short-values"):
    plain = wire.outcome_out
    wire.outcome_out = lambda outcome: lie(plain(outcome))
    worker_main.main()
elif mode == "exit":
    sys.stderr.write("segmentation fault, or so\n")
    sys.exit(3)
elif mode == "crash":
    wire.read(sys.stdin.buffer)
    os.kill(os.getpid(), 9)
elif mode == "garbage":
    wire.read(sys.stdin.buffer)
    sys.stdout.write("Running HiGHS, and other text that is no message\n" * 10)
elif mode == "pickle":
    import pickle

    body = pickle.dumps(Path("x"))
    sys.stdout.buffer.write(wire.HEAD.pack(wire.MAGIC, len(body)) + body)
    sys.stdout.flush()
    time.sleep(60)
elif mode == "hang":
    time.sleep(600)
