"""Solve one box of menus: the menu comes from the solver, every number from direct evaluation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from optimizer.errors import SolverError
from optimizer.execution.clock import GRACE, TimeLimitError, limited
from optimizer.formulation.box import ProgramBox, make_box
from optimizer.model.instance import Figure, Instance, Limit, evaluate, follows_rules, within_burst
from optimizer.solve.outcome import Outcome, Progress, SolveOptions, relative_gap
from optimizer.solve.program import Program
from optimizer.solve.session import Start
from optimizer.solve.solving import solve
from optimizer.typing import Array, Choice, Status

if TYPE_CHECKING:
    from optimizer.formulation.program import Record


MOST_NEIGHBOURS = 3000
"""Directly evaluated beside each menu of the solver (0.1 ms each)."""
STATED_SECONDS = 20e-6
"""The least that a customer type at a level takes to be stated as a program; 60 to 100 were measured."""


@dataclass(frozen=True)
class CheckedChoice:
    """A choice evaluated directly."""

    choice: Choice
    value: float
    """The aim, in its unit."""
    limits: Mapping[str, float]
    """Every limit's figure; >= 0 where met."""
    problems: tuple[str, ...]
    """Names of limits missed, ``rules``, ``burst``; empty where the choice may be taken."""


@dataclass(frozen=True)
class BoxOutcome:
    """The best choice of a box with a valid bound; plain data."""

    status: Status
    choice: Choice | None
    value: float | None
    """The aim at the choice by direct evaluation, in its unit."""
    bound: float
    """No allowed choice of the box (excluded ones apart) is worth more, in the aim's unit; -inf: there is none."""
    gap: float
    limits: Mapping[str, float]
    """Limit figures at the choice by direct evaluation."""
    solver_value: float | None
    """What the solver claimed for the last menu it gave, in the aim's unit; for comparison only."""
    disagreement: float
    """Largest |direct - claimed| over the menus the solver gave, where beyond 1e-6; 0 where they agree."""
    cut_off: tuple[Choice, ...]
    """Menus the solver gave that direct evaluation refused or valued below the claim."""
    notes: tuple[str, ...]
    rows: int
    columns: int
    nonzeros: int
    build_seconds: float
    solve_seconds: float
    nodes: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)


def check_choice(instance: Instance, aim: Figure, limits: Sequence[Limit], choice: Choice) -> CheckedChoice:
    """Aim, limits, rules and burst of a choice, by ``instance.evaluate`` alone."""
    menu, mix = choice
    # keyed by position: two limits may carry one name
    figures = {"aim": aim, **{str(k): c.figure for k, c in enumerate(limits)}}
    found = evaluate(instance, figures, menu, mix)
    values = {c.name: found[str(k)] for k, c in enumerate(limits)}
    problems = [c.name for k, c in enumerate(limits) if not found[str(k)] >= 0.0]
    if not follows_rules(instance, menu):
        problems.append("rules")
    if not within_burst(instance, menu, mix):
        problems.append("burst")
    return CheckedChoice((tuple(int(k) for k in menu), int(mix)), found["aim"], values, tuple(problems))


def choice_from(program: Program, values: Array) -> Choice:
    """The menu and mix in a solver's point: the level whose binary is above 0.5.

    Raises SolverError where a plan or the mix has none or several.
    """
    menu: dict[int, int] = {}
    for (plan, level), column in program.columns["x"].items():
        if values[column] > 0.5:
            if plan in menu:
                raise SolverError(f"the solver chose two levels of plan {plan}")
            menu[plan] = level
    mixes = [mix for mix, column in program.columns["v"].items() if values[column] > 0.5]
    plans = {plan for plan, _ in program.columns["x"]}
    if len(menu) != len(plans) or len(mixes) != 1:
        raise SolverError("the solver chose no level of some plan, or not exactly one mix level")
    return tuple(menu[j] for j in range(len(plans))), mixes[0]


def start_from(program: Program, choice: Choice) -> Start:
    """The binaries of a choice, as a partial start."""
    menu, mix = choice
    pairs = [(column, float(menu[plan] == level)) for (plan, level), column in program.columns["x"].items()]
    pairs += [(column, float(mix == k)) for k, column in program.columns["v"].items()]
    return np.array([c for c, _ in pairs], dtype=np.int64), np.array([v for _, v in pairs])


def without_choice(program: Program, choice: Choice) -> Program:
    """The program with one more row that cuts the choice off (sum of its binaries <= plans)."""
    menu, mix = choice
    columns = [program.columns["x"][t] for t in enumerate(menu)] + [program.columns["v"][mix]]
    rows = dict(program.rows)
    rows["cut_off"] = {**rows.get("cut_off", {}), choice: len(program.row_lower)}
    return replace(
        program,
        starts=np.append(program.starts, program.starts[-1] + len(columns)),
        indices=np.append(program.indices, np.array(columns, dtype=np.int64)),
        coefficients=np.append(program.coefficients, np.ones(len(columns))),
        row_lower=np.append(program.row_lower, -math.inf),
        row_upper=np.append(program.row_upper, float(len(menu))),
        rows=rows,
    )


def solve_box(
    instance: Instance,
    aim: Figure,
    limits: Sequence[Limit] = (),
    *,
    box: Sequence[Sequence[int]] | None = None,
    mixes: Sequence[int] | None = None,
    start: Choice | None = None,
    gap: float = 1e-6,
    scale: float = 0.0,
    time_limit: float | None = None,
    excluded: Sequence[Choice] = (),
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[Progress], None] | None = None,
    worker: bool | None = None,
    presolve: bool = False,
    rounds: int = 8,
) -> BoxOutcome:
    """The best choice of a box, with a valid bound.

    box: sorted level indices per plan; mixes: sorted mix indices. start: a choice to beat; it counts as found
    where direct evaluation allows it. gap: relative to max(|value|, scale), scale in the aim's unit. time_limit:
    seconds for building and solving together. excluded: choices not to be considered.
    presolve: HiGHS 1.16's presolve cut off the best menu in 2 of 3,486 random programs, none did without it.
    rounds: how often a menu that direct evaluation refuses is cut off and the rest solved again.

    Raises:
        InputError: a wrong box. SolverError: unsafe levels, solver trouble twice, or a witness against 'infeasible'.
    """
    began = time.perf_counter()
    inside = make_box(instance, box, mixes)
    search = _BoxSearch(instance, aim, limits, gap, scale, excluded)
    if start is not None and inside.holds(start):
        search.take(start)
    try:
        with limited(time_limit):
            program, record = _stated(instance, aim, limits, inside, excluded, time_limit)
    except TimeLimitError as error:
        search.status, search.notes = search.stopped(), [str(error)]
        return search.result(None, time.perf_counter() - began)
    search.built = time.perf_counter() - began
    switched = False
    for _ in range(rounds):
        left = None if time_limit is None else time_limit - (time.perf_counter() - began)
        if left is not None and left <= 0.0:
            search.status = search.stopped()
            break
        options = SolveOptions(0.9 * gap, 0.9 * gap * scale * record.scale, left, presolve=presolve)
        hint = start_from(program, search.best.choice) if search.best is not None else None
        outcome = solve(program, options, hint, cancelled=cancelled, progress=progress, worker=worker)
        again = search.learn(program, record, outcome)
        if search.doubt and switched:
            raise SolverError(f"the solver's bound cannot be used: {search.doubt}")
        if search.doubt:
            presolve, switched = not presolve, True
        elif again is None:
            break
        else:
            program = without_choice(program, again)
    return search.result(program, time.perf_counter() - began)


def _stated(
    instance: Instance,
    aim: Figure,
    limits: Sequence[Limit],
    box: ProgramBox,
    excluded: Sequence[Choice],
    time_limit: float | None,
) -> tuple[Program, Record]:
    """The program of a box, ready for the solver. Raises TimeLimitError where time does or would not suffice."""
    entries = instance.types * sum(len(levels) for levels in box.levels)
    if time_limit is not None and entries * STATED_SECONDS > time_limit + GRACE:
        raise TimeLimitError(f"stating a program of {entries:,} entries takes longer than the time limit")
    from optimizer.formulation.program import build  # Pyomo: 0.1 s
    from optimizer.solve.lowering import lower_program

    model = build(instance, aim, limits, box=box.levels, mixes=box.mixes, excluded=excluded)
    return lower_program(model), model.record


class _BoxSearch:
    """What is known of a box so far."""

    def __init__(
        self,
        instance: Instance,
        aim: Figure,
        limits: Sequence[Limit],
        gap: float,
        scale: float,
        excluded: Sequence[Choice],
    ):
        self.instance, self.aim, self.limits, self.gap, self.scale = instance, aim, limits, gap, scale
        self.settled = {(tuple(menu), mix) for menu, mix in excluded}
        self.best: CheckedChoice | None = None
        self.witness: CheckedChoice | None = None
        """The best allowed choice that the program still holds: its bound may not lie below."""
        self.bound = math.inf
        self.status = Status.NO_ANSWER
        self.doubt = ""
        self.built = 0.0
        self.claimed: float | None = None
        self.disagreement = 0.0
        self.cut_off: list[Choice] = []
        self.notes: list[str] = []
        self.nodes = 0
        self.versions: Mapping[str, str] = {}

    def take(self, choice: Choice) -> CheckedChoice:
        """Evaluate a choice directly and remember it where it is allowed and good."""
        found = check_choice(self.instance, self.aim, self.limits, choice)
        if not found.problems and found.choice not in self.settled:
            if self.best is None or found.value > self.best.value:
                self.best = found
            if found.choice not in self.cut_off and (self.witness is None or found.value > self.witness.value):
                self.witness = found
        return found

    def take_neighbours(self, program: Program, choice: Choice) -> None:
        """Evaluate every change of one plan or of the mix: this has caught wrong bounds."""
        (menu, mix), columns = choice, program.columns
        changed = [((*menu[:j], k, *menu[j + 1 :]), mix) for j, k in columns["x"] if k != menu[j]]
        changed += [(menu, k) for k in columns["v"] if k != mix]
        for other in changed[:MOST_NEIGHBOURS]:
            self.take(other)

    def stopped(self) -> Status:
        return Status.NO_ANSWER if self.best is None else Status.FEASIBLE

    def closed(self) -> bool:
        if self.best is None:
            return False
        size = max(abs(self.best.value), self.scale)
        return self.bound - self.best.value <= (self.gap + 1e-9) * size

    def learn(self, program: Program, record: Record, outcome: Outcome) -> Choice | None:
        """Take in one outcome; the choice to cut off before solving again, or None where the search ends.

        Sets ``doubt`` where an allowed choice beats the solver's bound.
        """
        self.doubt = ""
        self.nodes += outcome.nodes
        self.versions = outcome.versions
        if outcome.status is Status.UNBOUNDED:
            raise SolverError("the solver calls a bounded program unbounded")
        choice = None
        if outcome.values is not None and outcome.objective is not None:
            choice = choice_from(program, outcome.values)
            self._compare(self.take(choice), outcome.objective / record.scale, record)
            self.take_neighbours(program, choice)
        bound = -math.inf if outcome.status is Status.INFEASIBLE else record.bound(outcome.bound)
        if self._beaten(bound, record):
            return None
        # menus cut off so far are known: the rest is worth no more than the solver's bound
        known = -math.inf if self.best is None else self.best.value
        self.bound = max(known, min(self.bound, bound))
        if self.closed():
            self.status = Status.OPTIMAL
            return None
        if outcome.status is Status.INFEASIBLE:
            self.status = Status.INFEASIBLE
            return None
        if outcome.status is not Status.OPTIMAL or choice is None:
            self.status = outcome.status if outcome.status is Status.INTERRUPTED else self.stopped()
            return None
        # proven by the solver, but its menu does not bear it out: settle this menu and solve the rest
        self.status = self.stopped()
        self.cut_off.append(choice)
        if self.witness is not None and self.witness.choice == choice:
            self.witness = None
        return choice

    def _beaten(self, bound: float, record: Record) -> bool:
        found = self.witness
        if found is None or found.value <= bound + 1e-6 * max(abs(found.value), 1.0 / record.scale):
            return False
        self.doubt = f"{found.choice} is worth {found.value!r} and beats the solver's bound {bound!r}"
        self.notes.append(self.doubt)
        self.status = self.stopped()
        return True

    def _compare(self, found: CheckedChoice, claimed: float, record: Record) -> None:
        self.claimed = claimed
        difference = abs(found.value - claimed)
        unit = max(abs(found.value), 1.0 / record.scale)
        if difference > 1e-6 * unit + record.dropped:
            self.disagreement = max(self.disagreement, difference)
            self.notes.append(f"the solver claims {claimed!r} for {found.choice}, direct evaluation {found.value!r}")
        if found.problems:
            self.notes.append(f"{found.choice} misses {', '.join(found.problems)} by direct evaluation")

    def result(self, program: Program | None, seconds: float) -> BoxOutcome:
        best = self.best
        value = None if best is None else best.value
        rows, columns = (0, 0) if program is None else program.shape
        return BoxOutcome(
            status=self.status,
            choice=None if best is None else best.choice,
            value=value,
            bound=self.bound,
            gap=relative_gap(value, self.bound),
            limits={} if best is None else best.limits,
            solver_value=self.claimed,
            disagreement=self.disagreement,
            cut_off=tuple(self.cut_off),
            notes=tuple(self.notes),
            rows=rows,
            columns=columns,
            nonzeros=0 if program is None else program.nonzeros,
            build_seconds=self.built,
            solve_seconds=seconds - self.built,
            nodes=self.nodes,
            versions=self.versions,
        )
