"""One cell of a table in a process of its own: ``python cell.py JOB.npz``; the answer is the last line printed.

Peers run this file in their own environments: only numpy and the standard library are imported here.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

MARK = "cell-answer "


def main() -> None:
    """Run the job's contestant and print what it found."""
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    import numpy as np

    with np.load(sys.argv[1], allow_pickle=False) as stored:
        data = {name: stored[name] for name in stored.files}
    job = json.loads(str(data.pop("job")))
    run = getattr(importlib.import_module(f"benchmarks.{job['module']}"), job["function"])
    try:
        answer = run(data, job)
    except Exception as error:
        answer = {"failed": reason(error)}
    answer["megabytes"] = peak()
    tell(answer)


def tell(answer: dict[str, Any]) -> None:
    """Print an answer; the last one counts, so that what was measured is kept if what follows is cut short."""
    print(MARK + json.dumps(answer, default=_plain), flush=True)


def reason(error: Exception) -> str:
    """One short line."""
    text = f"{type(error).__name__}: {error}"
    return "larger than the free licence allows" if "size-limited" in text else text.splitlines()[0][:150]


def peak() -> float:
    """Most memory that this process and the largest of its children held, in MB."""
    import resource

    unit = 1024.0 * 1024.0 if sys.platform == "darwin" else 1024.0
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status = Path("/proc/self/status")
    if status.is_file():  # there ru_maxrss also counts what the parent held before the start
        own = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / unit


def _plain(value: Any) -> Any:
    return value.tolist()


if __name__ == "__main__":
    main()
