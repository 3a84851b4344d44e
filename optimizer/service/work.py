"""What a job does, in a worker process: a question in, a document out. Knows nothing of the web."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from optimizer.answer.checks.running import check_answer, checks_named
from optimizer.answer.document import solution_document
from optimizer.answer.run import evaluate_model, over_months, settings_of, solve_case_model
from optimizer.errors import InfeasibleError, InputError, NotTrustedError, OptimizerError, bad_argument
from optimizer.execution import clock
from optimizer.execution.clock import limited
from optimizer.execution.executor import SerialExecutor
from optimizer.execution.worker import asked_to_stop, tell
from optimizer.io.plain import clean
from optimizer.model.case_model import CaseModel
from optimizer.service.asking import Ask, case_model
from optimizer.service.menus import menus_of
from optimizer.studies.study import Option, Setup, Study, settings_for, studies

OFTEN = 0.05
"""Seconds between two news of a job."""
SOLVE, EVALUATE, REPORT = "solve", "evaluate", "report"
HTML = "html"
"""Key of the page that a report's outcome holds beside its document."""


def kinds() -> list[str]:
    """What can be asked: the answer, one menu, the answer with its report, and every study of one case."""
    return [SOLVE, EVALUATE, REPORT, *(study.verb for study in studies())]


def work(kind: str, question: dict[str, Any], workspace: str | None, most_seconds: float) -> dict[str, Any]:
    """The outcome of a job as plain data: ``status`` and, by it, ``document``, ``diagnosis`` or ``findings``.

    Beside a document stand the ``menus`` in it, as the page holds them, and the ``html`` of a report.

    Statuses are those of the command: ``answer``, ``infeasible``, ``bad_input``, ``no_answer``, ``error``, ``stopped``.
    """
    began, ask = time.perf_counter(), Ask.model_validate(question)
    try:
        with limited(min(ask.time_limit or most_seconds, most_seconds)):
            found = _answered(kind, ask, case_model(ask, None if workspace is None else Path(workspace)))
        outcome: dict[str, Any] = {"status": "answer", **clean(found)}
    except InfeasibleError as error:
        diagnosis = error.diagnosis.document() if error.diagnosis else None
        outcome = {"status": "infeasible", "message": str(error), "diagnosis": clean(diagnosis)}
    except InputError as error:
        findings = [f.document() for f in error.findings]
        outcome = {"status": "bad_input", "message": str(error), "findings": findings}
    except NotTrustedError as error:
        outcome = {"status": "error", "message": f"not trusted: {error}"}
    except OptimizerError as error:
        outcome = {"status": "no_answer", "message": str(error)}
    except KeyboardInterrupt:
        outcome = {"status": "stopped", "message": "the job was stopped before there was an answer"}
    return {**outcome, "stopped": asked_to_stop(), "seconds": time.perf_counter() - began}


def warm(case: str, workspace: str | None) -> None:
    """Do what the first job would wait for: imports, the case whose page comes first, the compiled loops."""
    from optimizer.search.kernels.choice import load
    from optimizer.solve import program  # noqa: F401

    kinds()
    with contextlib.suppress(InputError):  # told to whoever asks for it
        case_model(Ask(case=case), None if workspace is None else Path(workspace))
    load()


def _answered(kind: str, ask: Ask, m: CaseModel) -> dict[str, Any]:
    """The document, and what stands beside it."""
    if kind in (SOLVE, EVALUATE, REPORT) and over_months(m):
        return _over_months(kind, ask, m)
    if kind == EVALUATE:
        return {"document": solution_document(evaluate_model(m))}
    if kind in (SOLVE, REPORT):
        return _solved(kind, ask, m)
    study = next((s for s in studies() if s.verb == kind), None)
    if study is None:
        raise bad_argument("kind", f"nothing is called {kind!r}", f"one of {', '.join(kinds())}")
    return _studied(study, ask, m)


def _over_months(kind: str, ask: Ask, m: CaseModel) -> dict[str, Any]:
    from optimizer.answer.path_document import path_document
    from optimizer.answer.path_solving import evaluate_path, solve_path

    if kind == EVALUATE:
        return {"document": path_document(evaluate_path(m))}
    settings = replace(settings_of(m, time.monotonic(), ask.gap), deadline=clock.deadline(), cancelled=asked_to_stop)
    path = solve_path(m, settings)
    if kind == SOLVE:
        return {"document": path_document(path)}
    from optimizer.report.path_html import path_html

    return {"document": path_document(path), HTML: path_html(path)}


def _solved(kind: str, ask: Ask, m: CaseModel) -> dict[str, Any]:
    wanted = checks_named(ask.checks)
    news = _seldom(lambda value, bound, boxes: {"value": _finite(value), "bound": _finite(bound), "boxes": boxes})
    settings = settings_of(m, time.monotonic(), ask.gap)
    settings = replace(settings, cancelled=asked_to_stop, progress=news, cross_check=ask.cross_check)
    solution = check_answer(m, solve_case_model(m, settings), settings, wanted)
    found = {"document": solution_document(solution), "menus": menus_of(m, solution)}
    if kind == SOLVE:
        return found
    from optimizer.page.write import answer_html

    return {**found, HTML: answer_html(m, solution)}


def _studied(study: Study[Any], ask: Ask, m: CaseModel) -> dict[str, Any]:
    options = study.defaults()
    for name, value in ask.options.items():
        options[name] = _option(study, name, value)
    news = _seldom(lambda done, total: {"done": done, "total": total})
    setup = Setup(
        m, settings_for(m, ask.gap), options, progress=news, cancelled=asked_to_stop, executor=SerialExecutor()
    )
    study.check(setup)
    result = study.run(setup)
    return {"document": study.document(result), "menus": menus_of(m, result)}


def _option(study: Study[Any], name: str, value: Any) -> Any:
    """A value of an option of a study. Raises InputError; files of this machine are none of a client's business."""
    known: dict[str, Option] = {o.name: o for o in study.options}
    field = f"options.{name}"
    if name not in known:
        raise bad_argument(field, "there is no such option", f"one of {', '.join(known) or 'none'}")
    o = known[name]
    if o.kind is Path or ("FILE" in o.metavar and not str(value).isdigit()):
        raise bad_argument(field, "files are not read for a client", "send what it holds in the case")
    values = value if o.many and isinstance(value, list) else [value]
    for one in values:
        number = isinstance(one, int | float) and not isinstance(one, bool)
        fits = (
            number
            if o.kind in (int, float)
            else isinstance(one, bool)
            if o.kind is bool
            else isinstance(one, str | int)
        )
        if not fits or (o.kind is int and one != int(one)):
            raise bad_argument(field, f"must be of kind {o.kind.__name__}")
        if number and ((o.least is not None and one < o.least) or (o.most is not None and one > o.most)):
            raise bad_argument(field, f"must be {o.least} to {o.most}")
    made = [o.kind(one) for one in values]
    return tuple(made) if o.many else made[0]


def _seldom(news: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """Tells news of its arguments, but not more often than anyone could read."""
    last = -math.inf

    def told(*values: Any) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= OFTEN:
            last = now
            tell(news(*values))

    return told


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
