"""The posterior over a market's numbers, from statistics of a company's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.errors import Finding, InputError, bad_argument
from optimizer.learn.compared import DISCREPANCY
from optimizer.learn.engine import Tell, silent, step
from optimizer.learn.numbers import NumberVector, numbers_of
from optimizer.learn.posterior import Posterior, posterior
from optimizer.learn.readings import Readings, readings
from optimizer.learn.simulator import Simulator
from optimizer.learn.stats import Stats
from optimizer.model.case_model import CaseModel, vary
from optimizer.typing import Array

SILENT = 0.05
"""Squared slopes below which a number is left as it was: it could be learned by no more than this part."""


@dataclass(frozen=True)
class Fitted:
    """A fit: the simulator, and the posterior of its numbers and nuisances."""

    simulator: Simulator
    posterior: Posterior
    m: CaseModel
    """The case in the market fitted."""
    readings: Readings
    silent: NumberVector
    """Numbers that no figure of the tables moves with: they are what they were believed to be."""

    @property
    def numbers(self) -> NumberVector:
        return self.simulator.numbers

    @property
    def z(self) -> Array:
        """Of the numbers."""
        return self.posterior.z[: len(self.numbers.priors)]

    @property
    def sd(self) -> Array:
        """Of the numbers."""
        return self.posterior.sd[: len(self.numbers.priors)]


def fit(
    m: CaseModel, stats: Stats, sampled: float = 1.0, discrepancy: float = DISCREPANCY, without: Sequence[str] = (),
    tell: Tell = silent,
) -> Fitted:  # fmt: skip
    """The market's numbers from statistics; constants give today's counts back at every step.

    m: the case in the market as it was believed. sampled: share of the customers that the tables hold. without: tables
    (price test, accounts...) that are left out.

    Raises InputError where the tables say nothing of the market, or their counts cannot be had in it.
    """
    if not 0.0 < sampled <= 1.0:
        raise bad_argument("--sampled", f"{sampled:g} is not above 0 and at most 1", "give e.g. 0.1")
    with step(tell, "usage and figures of the tables"):
        read = readings(stats, m.inputs, m.today.prepared, sampled, without)
    if not read.figures:
        nothing = bad_argument("STATS", "nothing in the statistics speaks of this market", "give tables of its plans")
        raise InputError([*nothing.findings, *read.findings])
    base = _with_counts(m, read)
    numbers = numbers_of(m.inputs.market, tuple(read.known))
    simulator = Simulator(base, numbers, read.figures, discrepancy)
    with step(tell, "which numbers the tables speak of"):
        simulator, slopes = _heard(simulator)
    with step(tell, f"{len(simulator.numbers.priors)} numbers fitted to {len(read.figures)} figures"):
        found = posterior(simulator.residuals, simulator.slopes, np.zeros(simulator.size), slopes)
    silent = numbers.only([k for k, path in enumerate(numbers.paths) if path not in simulator.numbers.place])
    return Fitted(simulator, found, simulator.market_at(found.z), read, silent)


def _with_counts(m: CaseModel, read: Readings) -> CaseModel:
    try:
        return vary(m, read.known) if read.known else m
    except InputError as error:
        counts, books = (
            ", ".join(f"{path} {value:,.6g}" for path, value in read.known.items() if path.startswith("today.") is own)
            for own in (True, False)
        )
        message = f"the market cannot have the customers of the tables ({counts})" if counts else "the market cannot be"
        message += f" with what books and price lists state ({books})" if books else ""
        cure = "correct potential and reach, or say which share of all customers the tables hold: --sampled"
        told = Finding("learn-counts", "error", "plans.csv", None, "", message, cure)
        raise InputError([told, *error.findings]) from None


def _heard(simulator: Simulator) -> tuple[Simulator, Array]:
    """The simulator with the numbers that move a figure, and their slopes; shares of one whole stay together."""
    z = np.zeros(simulator.size)
    slopes = simulator.slopes(z, simulator.residuals(z))
    loud = (slopes**2).sum(axis=0) > SILENT
    priors = simulator.numbers.priors
    groups = {_whole(p.path) for p, kept in zip(priors, loud, strict=False) if kept}
    keep = [k for k, p in enumerate(priors) if loud[k] or (_whole(p.path) in groups and _whole(p.path) != p.path)]
    heard = Simulator(simulator.m, simulator.numbers.only(keep), simulator.figures, simulator.discrepancy)
    return heard, slopes[:, [*keep, *range(len(priors), simulator.size)]]


def _whole(path: str) -> str:
    """What a share is a share of; the path itself of other numbers."""
    head = path.rpartition(".")[0]
    return head if head.endswith((".usage.ai_models", ".usage.hours")) else path
