"""The command ``optimizer``. Data goes to stdout, everything else to stderr.

Exit codes: 0 answer; 1 proven infeasible; 2 bad input; 3 solver trouble, no answer in time, a refused
evaluation or any unexpected exception; 130 interrupted; 143 terminated.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import warnings
from functools import partial

from optimizer.cli import interrupts
from optimizer.cli.failures import guarded
from optimizer.cli.options import INTERRUPTED, OK, TROUBLE
from optimizer.cli.verbs import app
from optimizer.execution.notices import notices


def _mute() -> None:
    """Send what is still to be printed nowhere: the reader is gone, or there is no room."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code. Never a traceback."""
    if arguments is None and not interrupts.running():
        return interrupts.run(main)
    interrupts.begin()
    given = sys.argv[1:] if arguments is None else arguments
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if arguments is None:
        # matrices are small: numpy's threads, one a core, cost more than they do
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        gc.set_threshold(20_000, 20, 100)  # a tenth of a short command was spent on looking for cycles
        logging.disable(logging.CRITICAL)  # pyomo logs to stdout
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # what is worth telling is a finding
    unheard = notices.listen(partial(print, file=sys.stderr, flush=True))
    try:
        run = partial(app, args=arguments, standalone_mode=False, prog_name="optimizer")
        code = guarded(run, "--json" in given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _mute()
        return OK
    except OSError as error:
        _mute()
        with contextlib.suppress(OSError):
            print(f"cannot print the answer: {error.strerror or error}", file=sys.stderr)
        return TROUBLE
    except KeyboardInterrupt:
        _mute()
        return INTERRUPTED
    finally:
        unheard()
