"""Tastes from a choice survey: conditional logit, and panel mixed logit with lognormal price by simulated likelihood.

With an outside option (take none) the survey also says how much anything is worth against nothing. Without one the
scale of utility is that of the survey: spread of tastes and willingness to pay carry over, the scale does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import bad_argument
from optimizer.learn.engine import missing
from optimizer.learn.stats import Taste
from optimizer.typing import Array, Bools, Ints

OUTSIDE = "outside"
Objective = Callable[[Array], tuple[float, Array]]
"""A value to be made small, with its gradient."""
DRAWS = 256
"""Draws of a person's tastes."""


@dataclass(frozen=True)
class ChoiceSurvey:
    """Tasks T of at most A alternatives with K attributes, price the last one."""

    names: tuple[str, ...]
    attributes: Array
    """(T, A, K); the price in usd."""
    available: Bools
    """(T, A) whether a task has the alternative."""
    chosen: Ints
    """(T,) index of the chosen alternative."""
    person: Ints
    """(T,) 0 to the number of persons less one, in order."""

    @property
    def persons(self) -> int:
        return int(self.person.max()) + 1

    @property
    def first_tasks(self) -> Ints:
        """(persons,) the first task of each."""
        return np.asarray(np.searchsorted(self.person, np.arange(self.persons)))

    @property
    def no_preference(self) -> float:
        """Log-likelihood if all alternatives were alike."""
        return float(-np.log(self.available.sum(axis=1)).sum())


@dataclass(frozen=True)
class TasteFit:
    """What a form of choice says of a survey."""

    form: str
    log_likelihood: float
    tastes: tuple[Taste, ...]
    converged: bool

    def taste(self, name: str) -> Taste:
        """Raises KeyError."""
        return {t.name: t for t in self.tastes}[name]


def choice_survey(
    person: Sequence[str],
    task: Sequence[str],
    chosen: Sequence[bool],
    price: Array,
    columns: dict[str, Sequence[str]],
    outside: Sequence[bool] | None = None,
) -> ChoiceSurvey:
    """A survey from its rows, one an alternative.

    An attribute whose cells are all numbers counts as one; others become one attribute a level, the first (in order of
    the alphabet) being the base. The outside alternative has no attributes and a price of 0.

    Raises:
        InputError: a task in which not exactly one alternative was chosen.
    """  # fmt: skip
    none = np.zeros(len(price), bool) if outside is None else np.asarray(outside, bool)
    coded = [pair for name, cells in columns.items() for pair in _coded(name, cells, none)]
    if none.any():
        coded.append((OUTSIDE, none.astype(float)))
    names = (*(name for name, _ in coded), "price")
    values = np.column_stack([*(column for _, column in coded), np.where(none, 0.0, price)])
    who = np.unique(np.asarray(person), return_inverse=True)[1]
    keys, of_task = np.unique(
        np.stack([who, np.unique(np.asarray(task), return_inverse=True)[1]]), axis=1, return_inverse=True
    )
    of_task = of_task.ravel()
    order = np.argsort(of_task, kind="stable")
    sizes = np.bincount(of_task)
    slot = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    attributes = np.zeros((len(sizes), sizes.max(), len(names)))
    available, picked = np.zeros(attributes.shape[:2], bool), np.zeros(attributes.shape[:2])
    attributes[of_task[order], slot] = values[order]
    available[of_task[order], slot] = True
    picked[of_task[order], slot] = np.asarray(chosen, float)[order]
    if (picked.sum(axis=1) != 1.0).any():
        count = int((picked.sum(axis=1) != 1.0).sum())
        raise bad_argument("choices", f"in {count} tasks not exactly one alternative was chosen", "correct them")
    return ChoiceSurvey(names, attributes, available, picked.argmax(axis=1), keys[0].astype(np.intp))


def _coded(name: str, cells: Sequence[str], none: Bools) -> list[tuple[str, Array]]:
    """An attribute as numbers, one column or one a level but the first."""
    texts = np.array([str(cell or "").strip() for cell in cells])
    inside = texts[~none]
    try:
        numbers = np.zeros(len(texts))
        numbers[~none] = inside.astype(float)
        return [(name, numbers)] if len(np.unique(inside)) > 1 else []
    except ValueError:
        levels = sorted(set(inside))[1:]
        return [(f"{name}={level}", ((texts == level) & ~none).astype(float)) for level in levels]


def fit_logit(survey: ChoiceSurvey) -> TasteFit:
    """Conditional logit by maximum likelihood; standard errors allow for the answers of a person being alike.

    Source: Train, Discrete Choice Methods with Simulation (2009), ch. 3; Liang and Zeger (1986) for the errors.
    """
    scale = _scale(survey)
    x = survey.attributes / scale

    def negative(b: Array) -> tuple[float, Array]:
        p = _shares(x @ b, survey.available)
        return -float(np.log(_picked(p, survey.chosen)).sum()), -_residual(p, x, survey.chosen).sum(axis=0)

    b, value, converged = _minimised(negative, np.zeros(x.shape[2]))
    p = _shares(x @ b, survey.available)
    centred = x - np.einsum("ta,tak->tk", p, x)[:, None]
    inverse = np.linalg.pinv(np.einsum("ta,tak,tal->kl", p, centred, centred))
    scores = np.zeros((survey.persons, x.shape[2]))
    np.add.at(scores, survey.person, _residual(p, x, survey.chosen))
    se = np.sqrt(np.diag(inverse @ scores.T @ scores @ inverse))
    told = zip(survey.names, (b / scale).tolist(), (se / scale).tolist(), strict=True)
    tastes = tuple(Taste("logit", name, estimate, error) for name, estimate, error in told)
    return TasteFit("logit", -value, tastes, converged)


def fit_mixed(survey: ChoiceSurvey, draws: int = DRAWS, seed: int = 0) -> TasteFit:
    """Panel mixed logit: tastes normal among persons, the price coefficient lognormal, -exp(a + s e).

    Simulated maximum likelihood, twice: over draws from the spread of tastes, then over draws from about where the
    first fit sees each person, weighted for that (importance sampling), which tell far more with as many draws.
    Standard errors from the Hessian. Source: Revelt and Train (1998); Train (2009), ch. 6, 9 and 10.
    """
    scale = _scale(survey)
    x, start = survey.attributes / scale, fit_logit(survey)
    size = x.shape[2]
    b = np.array([t.estimate for t in start.tastes]) * scale
    b[-1] = np.log(max(-b[-1], 0.05))
    theta, sample = np.r_[b, np.full(size, 0.5)], _first_draws(survey.persons, draws, size, seed)
    for centred in (False, True):
        if centred:
            sample = _centred(sample, _simulated(theta, x, survey, sample)[2])
        theta, value, converged = _minimised(partial(_negative, x=x, survey=survey, sample=sample), theta)
    cov = np.linalg.pinv(_hessian(partial(_negative, x=x, survey=survey, sample=sample), theta))
    se = np.sqrt(np.maximum(np.diag(cov), 0.0))
    return TasteFit("mixed", -value, tuple(_mixed_tastes(survey.names, theta, se, scale)), converged)


@dataclass(frozen=True)
class _TasteDraws:
    """Draws of persons' standardised tastes."""

    normal: Array
    """(R, D, K) as they were drawn."""
    e: Array
    """(R, D, K) moved to where a person's tastes are likely."""
    log_weight: Array
    """(R, D) log density of ``e`` less that of drawing it."""


def _first_draws(persons: int, draws: int, size: int, seed: int) -> _TasteDraws:
    e = _normal_draws(persons, draws, size, seed)
    return _TasteDraws(e, e, np.zeros(e.shape[:2]))


def _centred(sample: _TasteDraws, weight: Array) -> _TasteDraws:
    """Draws around each person's mean taste, somewhat wider than what is known of it."""
    mean = np.einsum("rd,rdk->rk", weight, sample.e)[:, None]
    spread = np.sqrt(np.einsum("rd,rdk->rk", weight, (sample.e - mean) ** 2))[:, None]
    spread = np.clip(1.2 * spread, 0.4, 1.2)
    e = mean + spread * sample.normal
    log_weight = (0.5 * sample.normal**2 - 0.5 * e**2 + np.log(spread)).sum(axis=2)
    return _TasteDraws(sample.normal, e, log_weight)


def _negative(theta: Array, x: Array, survey: ChoiceSurvey, sample: _TasteDraws) -> tuple[float, Array]:
    return _simulated(theta, x, survey, sample)[:2]


def _mixed_tastes(names: Sequence[str], theta: Array, se: Array, scale: Array) -> list[Taste]:
    size = len(names)
    found = []
    for k, name in enumerate(names[:-1]):
        found.append(Taste("mixed", name, float(theta[k] / scale[k]), float(se[k] / scale[k])))
        spread = float(abs(theta[size + k]) / scale[k])
        found.append(Taste("mixed", f"sd of {name}", spread, float(se[size + k] / scale[k])))
    median = float(np.exp(theta[size - 1]) / scale[-1])
    found.append(Taste("mixed", "price_median", median, median * float(se[size - 1])))
    found.append(Taste("mixed", "price_sigma", float(abs(theta[-1])), float(se[-1])))
    return found


def _scale(survey: ChoiceSurvey) -> Array:
    """(K,) what attributes are divided by, so that all are of order one."""
    spread = survey.attributes[survey.available].std(axis=0)
    return np.asarray(np.where(spread > 0.0, spread, 1.0))


def _normal_draws(persons: int, draws: int, size: int, seed: int) -> Array:
    """(persons, draws, size) standard normal."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    power = int(np.ceil(np.log2(draws)))
    made = [qmc.Sobol(size, seed=np.random.default_rng([seed, r])).random_base2(power)[:draws] for r in range(persons)]
    return np.asarray(ndtri(np.clip(np.stack(made), 1e-6, 1.0 - 1e-6)))


def _shares(utility: Array, available: Bools, axis: int = -1) -> Array:
    """Logit probabilities over the axis of alternatives."""
    v = np.where(available, utility, -np.inf)
    v -= v.max(axis=axis, keepdims=True)
    np.exp(v, out=v)
    v /= v.sum(axis=axis, keepdims=True)
    return np.asarray(v)


def _picked(p: Array, chosen: Ints) -> Array:
    """The probability of what was chosen, (T,) of (T, A) or (T, D) of (T, A, D)."""
    return np.asarray(np.maximum(p[np.arange(len(p)), chosen], 1e-300))


def _residual(p: Array, x: Array, chosen: Ints) -> Array:
    """(T, K) attributes of what was chosen less their expectation: the score of a task."""
    return np.asarray(x[np.arange(len(x)), chosen] - np.einsum("ta,tak->tk", p, x))


def _simulated(theta: Array, x: Array, survey: ChoiceSurvey, sample: _TasteDraws) -> tuple[float, Array, Array]:
    """Minus the simulated log-likelihood, its gradient, and the (R, D) weight of each draw given a person's answers.

    Draws are the last axis inside: sums over alternatives and attributes run along them.
    """
    e, size, first = sample.e.transpose(0, 2, 1), x.shape[2], survey.first_tasks
    tastes = theta[:size, None] + theta[size:, None] * e
    tastes[:, -1] = -np.exp(np.minimum(tastes[:, -1], 30.0))
    slope = np.ones_like(tastes)
    slope[:, -1] = tastes[:, -1]
    p = _shares(x @ tastes[survey.person], survey.available[:, :, None], axis=1)
    logs = sample.log_weight + np.add.reduceat(np.log(_picked(p, survey.chosen)), first)
    top = logs.max(axis=1, keepdims=True)
    weight = np.exp(logs - top)
    total = weight.sum(axis=1, keepdims=True)
    chosen = x[np.arange(len(x)), survey.chosen][:, :, None]
    scores = np.add.reduceat(chosen - x.transpose(0, 2, 1) @ p, first)
    scores *= slope * (weight / total)[:, None]
    value = float((top[:, 0] + np.log(total[:, 0] / e.shape[2])).sum())
    return -value, -np.r_[scores.sum(axis=(0, 2)), (scores * e).sum(axis=(0, 2))], weight / total


def _minimised(function: Objective, start: Array) -> tuple[Array, float, bool]:
    """Minimum by BFGS with gradient. Raises InputError where scipy is not installed."""
    try:
        from scipy.optimize import minimize
    except ModuleNotFoundError as error:
        raise missing(error) from None
    found = minimize(function, start, jac=True, method="BFGS", options={"gtol": 1e-3, "maxiter": 500})
    small = float(np.abs(found.jac).max()) < 0.05  # it may stop where rounding hides further progress
    return np.asarray(found.x), float(found.fun), bool(found.success or small)


def _hessian(function: Objective, at: Array, step: float = 1e-4) -> NDArray[np.float64]:
    """Second derivatives by central differences of the gradient."""
    moves = np.eye(len(at)) * step
    rows = [(function(at + m)[1] - function(at - m)[1]) / (2.0 * step) for m in moves]
    return np.asarray(0.5 * (np.array(rows) + np.array(rows).T))
