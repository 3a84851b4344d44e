"""The studies that go with an answer into a report or a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from optimizer.errors import Finding, InputError
from optimizer.studies.study import Setup, Study, asked_studies, studies

if TYPE_CHECKING:
    from optimizer.answer.path import PathSolution
    from optimizer.answer.solution import Solution
    from optimizer.execution.executor import Executor
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.outcome import Settings


def wanted_studies(
    text: str | None, case_model: CaseModel, settings: Settings
) -> tuple[tuple[Study[Any], ...], tuple[Finding, ...]]:
    """The studies that a comma-separated list names (or those of a report) and that have something to work on.

    For each of the others that was named there is a warning. Raises InputError for a word that names none.
    """
    found, told = [], []
    for study in asked_studies(text):
        try:
            study.check(Setup(case_model, settings, study.defaults(report=True)))
        except InputError as error:
            told += [replace(f, severity="warning", field=f"--with {study.word}") for f in error.findings]
        else:
            found.append(study)
    return tuple(found), () if text is None else tuple(told)


def run_studies(
    wanted: Iterable[Study[Any]],
    case_model: CaseModel,
    solution: Solution | PathSolution,
    settings: Settings,
    progress: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> dict[str, Any]:
    """The results of studies around a solved case, by their words; by default in as many processes as are worth it."""
    from optimizer.execution.choice import borrowed

    quick = replace(settings, cross_check=False, deadline=None, cancelled=None, progress=None)
    setups = {s: Setup(case_model, quick, s.defaults(report=True), solution, executor=executor) for s in wanted}
    with borrowed(executor, sum(study.seconds(setup) for study, setup in setups.items())) as runner:
        shared, futures, found = runner.share(case_model), {}, {}
        # those of one task first: they go on beside the others
        for study, setup in sorted(setups.items(), key=lambda pair: not pair[0].alone):
            if progress is not None:
                progress(study.word)
            if study.alone:
                futures[study.word] = runner.submit(run_alone, study.verb, shared, quick, setup.options, solution)
            else:
                found[study.word] = study.run(replace(setup, executor=runner))
        found |= {word: future.result() for word, future in futures.items()}
    return {study.word: found[study.word] for study in setups}


def run_alone(
    verb: str, case_model: CaseModel, settings: Settings, options: dict[str, Any], solution: Solution | PathSolution
) -> object:
    """One study, wherever this runs."""
    study = next(s for s in studies() if s.verb == verb)
    result: object = study.run(Setup(case_model, settings, options, solution))
    return result
