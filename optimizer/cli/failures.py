"""What went wrong as an exit code, with one JSON object on stdout or a message on stderr."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import typer

from optimizer.cli import interrupts
from optimizer.cli.interrupts import print_document
from optimizer.cli.options import BAD_INPUT, INFEASIBLE, INTERRUPTED, OK, TROUBLE
from optimizer.errors import Finding, InfeasibleError, InputError, NotTrustedError, OptimizerError


def _fail(as_json: bool, status: str, code: int, message: str, **more: Any) -> int:
    """One JSON object on stdout, or a message on stderr where the one object is out already."""
    if as_json and not interrupts.printed():
        from optimizer.io.plain import dumps

        body = {"schema_version": 1, "status": status, "verdict": more.pop("verdict", None), "exit_code": code}
        print_document(dumps({**body, "message": message, **more}))
    else:
        from optimizer.report.words import printable

        print(printable(message), file=sys.stderr)
    return code


def _usage(as_json: bool, error: Any) -> int:
    """A command line that cannot be read."""
    format_message = getattr(error, "format_message", None)
    message = str(format_message() if format_message else error).strip()
    message = message.replace("Input should be a valid number, unable to parse string as a number", "must be a number")
    if type(error).__name__ == "NoArgsIsHelpError":
        return _fail(as_json, "bad_input", BAD_INPUT, message)
    path = getattr(getattr(error, "ctx", None), "command_path", None) or "optimizer"
    parameter = getattr(error, "param", None)
    field = getattr(error, "option_name", None) or (parameter.opts[0] if parameter is not None else "")
    field = field or next((word for word in re.findall(r"'(-[^']*)'", message)), "")
    finding = Finding("usage", "error", "", None, str(field), message, f"see {path} --help")
    shown = f"{message} ({finding.cure})"
    return _fail(as_json, "bad_input", BAD_INPUT, shown, findings=[finding.document()])


def guarded(run: Callable[[], Any], as_json: bool) -> int:
    """The exit code of a run of the command line, whatever it ends in; a reader that is gone is left to the caller."""
    try:
        result = run()
        if result == INTERRUPTED:  # what typer makes of Ctrl-C, or a study that was stopped and told what it has
            return _fail(as_json, "interrupted", INTERRUPTED, "interrupted")
        return result if isinstance(result, int) else OK
    except SystemExit:  # what typer makes of a reader that is gone
        raise BrokenPipeError from None
    except InfeasibleError as error:
        return _fail(
            as_json,
            "infeasible",
            INFEASIBLE,
            str(error),
            diagnosis=error.diagnosis.document() if error.diagnosis else None,
        )
    except InputError as error:
        return _fail(as_json, "bad_input", BAD_INPUT, str(error), findings=[f.document() for f in error.findings])
    except typer.Exit as error:
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _fail(as_json, "interrupted", INTERRUPTED, "interrupted")
    except typer.TyperException as error:
        return _usage(as_json, error)
    except NotTrustedError as error:
        from optimizer.typing import Verdict  # with numpy

        return _fail(as_json, "error", TROUBLE, f"not trusted: {error}", verdict=Verdict.NOT_TRUSTED)
    except OptimizerError as error:
        return _fail(as_json, "no_answer", TROUBLE, str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        return _fail(as_json, "error", TROUBLE, f"{named}{error.strerror or error}")
    except Exception as error:
        return _fail(as_json, "error", TROUBLE, f"unexpected {type(error).__name__}: {error}")
