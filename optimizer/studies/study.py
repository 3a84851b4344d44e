"""What a study is: one file of this room that meets this protocol and registers itself.

A study calls the one path from case to plan again, with a changed case, limit or number. The command line, ``--with``,
workbooks, tables and reports know studies only by :func:`studies`. A study's file is imported to be listed, so it
imports at its top only what is light, and the rest inside its functions.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from optimizer.errors import bad_argument

if TYPE_CHECKING:
    from optimizer.answer.path import PathSolution
    from optimizer.answer.solution import Solution
    from optimizer.execution.executor import Executor
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.outcome import Settings
    from optimizer.studies.sections import Block, Content, Section
    from optimizer.studies.tables import Table

Result = TypeVar("Result")
Made = TypeVar("Made", bound="type[Study[Any]]")

SOLVES = 10
"""About how many solves' time a study takes that does not say otherwise."""


@dataclass(frozen=True)
class Option:
    """An option of a study, as plain data."""

    name: str
    flag: str
    """On the command line, e.g. ``--points``."""
    kind: type
    """``str``, ``int``, ``float``, ``bool`` or ``Path``."""
    default: Any
    help: str
    metavar: str = ""
    many: bool = False
    """Whether it may be repeated; its value is then a tuple, or None."""
    least: float | None = None
    most: float | None = None
    in_report: Any = None
    """Its value in a report, where that is another than the default."""


def _silent(done: int, total: int | None) -> None:
    """Nobody looks on."""


def _never() -> bool:
    return False


def _dropped(step: Mapping[str, Any]) -> None:
    """Nobody keeps what is done."""


@dataclass(frozen=True)
class Setup:
    """What a study is run on, and who listens to it."""

    case_model: CaseModel
    settings: Settings
    options: Mapping[str, Any]
    """Every option of the study by name."""
    solved: Solution | PathSolution | None = None
    """The answer to the case, where it is known."""
    others: tuple[CaseModel, ...] = ()
    """Further cases, for a study of several."""
    progress: Callable[[int, int | None], None] = _silent
    """Told how much is done, and of how much where that is known."""
    cancelled: Callable[[], bool] = _never
    executor: Executor | None = None
    """Where its tasks run; None: where that is worth it."""
    known: tuple[Mapping[str, Any], ...] = ()
    """Steps of an earlier run of the same study, for one that resumes."""
    keep: Callable[[Mapping[str, Any]], None] = _dropped
    """Takes each step of a study that resumes, as plain data."""

    def answer(self) -> Solution | PathSolution:
        """The answer to the case, solved where it is not known. Raises like ``solve_any``."""
        from optimizer.answer.run import solve_any

        return self.solved or solve_any(self.case_model, self.settings)


def settings_for(case_model: CaseModel, gap: float | None) -> Settings:
    """How far a study searches: to the gap asked for, else the case's; nothing is solved a second time to compare."""
    from optimizer.optimise.outcome import Settings

    return Settings(gap=case_model.inputs.case.options.gap if gap is None else gap, cross_check=False)


def only_long_run(case_model: CaseModel, what: str) -> None:
    """Raises InputError for a case over months, with the studies that know months."""
    if case_model.inputs.case.horizon is not None:
        cure = "ask compare, sensitivity, frontier or robust, or take horizon out"
        raise bad_argument("horizon", f"{what} is asked of the long run, and the case asks over months", cure)


class Study(ABC, Generic[Result]):
    """A study; its docstring is not shown, ``help`` is."""

    verb: ClassVar[str]
    """What the command line calls it."""
    word: ClassVar[str]
    """What ``--with`` calls it."""
    help: ClassVar[str]
    """One sentence."""
    place: ClassVar[int]
    """Its rank among the studies of a report."""
    results: ClassVar[tuple[type, ...]]
    """Classes of what it returns."""
    options: ClassVar[tuple[Option, ...]] = ()
    in_report: ClassVar[bool] = True
    """Whether a report has it where nothing is said."""
    several: ClassVar[bool] = False
    """Whether it takes several cases."""
    limited: ClassVar[bool] = False
    """Whether it takes a time limit."""
    alone: ClassVar[bool] = False
    """Whether its solves follow one another: beside other studies it is one task of its own."""
    spread: ClassVar[bool] = False
    """Whether its tasks run where an executor says, be it on a cluster."""
    paged: ClassVar[bool] = False
    """Whether it has a report of its own, ``--html``."""
    stoppable: ClassVar[bool] = False
    """Whether it keeps what is done when it is asked to stop."""
    resumes: ClassVar[bool] = False
    """Whether it goes on where an earlier run was stopped."""

    def check(self, setup: Setup) -> None:
        """Raises InputError, with a cure, where the case or the options leave it nothing to do."""
        return None

    @abstractmethod
    def run(self, setup: Setup) -> Result:
        """The result. Raises InputError, InfeasibleError, SolverError, NotTrustedError."""

    @abstractmethod
    def document(self, result: Result) -> dict[str, Any]:
        """The result as plain data: what ``--json`` prints and ``--out`` saves."""

    @abstractmethod
    def tables(self, result: Result) -> tuple[Table, ...]:
        """All its numbers, for workbooks, CSV and parquet files."""

    @abstractmethod
    def sections(self, result: Result, solution: Solution | None = None) -> tuple[Section, ...]:
        """What it tells a reader, in a terminal and in a report; ``solution`` is the answer it stands beside."""

    def first_words(self, result: Result, solution: Solution) -> tuple[Content, ...]:
        """What belongs beside the answer's number on the first screen of a report."""
        return ()

    def first_blocks(self, result: Result, solution: Solution) -> tuple[Block, ...]:
        """What belongs below it there."""
        return ()

    def answer(self, setup: Setup, result: Result) -> Solution | PathSolution:
        """The answer that a report of this study alone is about."""
        return setup.answer()

    def summary(self, result: Result) -> tuple[tuple[str, Any, str], ...]:
        """Item, value and unit of what it adds to the summary of a workbook."""
        return ()

    def spreads(self, setup: Setup) -> bool:
        """Whether there are several tasks with these options."""
        return self.spread

    def seconds(self, setup: Setup) -> float:
        """About how many seconds it takes in one process, around a solved case."""
        return SOLVES * setup.answer().seconds.get("solve", 0.0)

    def complete(self, result: Result) -> bool:
        """False where it was stopped early."""
        return True

    def saved_as(self, result: Result) -> str:
        """Name of the JSON file of ``--out``, without its suffix."""
        return self.word

    def files(self, result: Result) -> dict[str, str]:
        """Further files of ``--out``: name -> content."""
        return {}

    def defaults(self, report: bool = False) -> dict[str, Any]:
        """The value of every option by name, alone or in a report."""
        return {o.name: o.in_report if report and o.in_report is not None else o.default for o in self.options}


_registered: dict[str, Study[Any]] = {}
"""Studies by verb."""


def register(made: Made) -> Made:
    """Class decorator: one more study. Raises ValueError where another one has its verb or its word."""
    study = made()
    for other in _registered.values():
        same = type(other).__module__ == made.__module__ and type(other).__name__ == made.__name__
        if not same and (other.verb == study.verb or other.word == study.word):
            raise ValueError(f"{made.__name__} and {type(other).__name__} have one name")
    _registered[study.verb] = study
    return made


def studies() -> tuple[Study[Any], ...]:
    """All studies, in the order of a report; their files are those of this room."""
    room = sys.modules[__package__]
    for found in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{__package__}.{found.name}")
    return tuple(sorted(_registered.values(), key=lambda study: (study.place, study.verb)))


def study_of(result: object) -> Study[Any]:
    """The study that a result comes from. Raises LookupError."""
    for study in studies():
        if isinstance(result, study.results):
            return study
    raise LookupError(f"no study returns a {type(result).__name__}")


def by_study(results: Mapping[str, object]) -> list[tuple[Study[Any], Any]]:
    """Studies with their results, in the order of a report; what is None is left out."""
    pairs = [(study_of(result), result) for result in results.values() if result is not None]
    return sorted(pairs, key=lambda pair: (pair[0].place, pair[0].verb))


def asked_studies(text: str | None) -> tuple[Study[Any], ...]:
    """The studies that a comma-separated list of words names; those of a report where nothing is said.

    Raises InputError.
    """
    known = studies()
    if text is None:
        return tuple(study for study in known if study.in_report)
    words = {word.strip() for word in text.split(",")} - {"", "none"}
    for word in sorted(words - {study.word for study in known}):
        told = ", ".join(sorted(study.word for study in known))
        raise bad_argument("--with", f"no study is named {word!r}", f"any of {told}, or none")
    return tuple(study for study in known if study.word in words)
