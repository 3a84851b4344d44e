"""A market with an API plan that sells many AI models to developers who are offered nothing else of ours."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from tests.support.market_factory import case, market, q

Data = dict[str, Any]


def market_of(models: int, seed: int = 0, classes: list[float] | None = None, contracted: int = 0) -> Data:
    """The small market with developers and ``models`` AI models sold to them by use; a pure function of its arguments.

    contracted: how many of the AI models are served by the contracted pool. classes: edges of usage and of willingness
    to pay; those of the small market where None.
    """
    random, data = np.random.default_rng([seed, models]), market()
    names = [f"m{k}" for k in range(models)]
    shares = random.dirichlet(np.full(models, 3.0))
    shares[-1] = 1.0 - float(shares[:-1].sum())
    for k, name in enumerate(names):
        data["ai_models"][name] = copy.deepcopy(data["ai_models"]["big"])
        data["ai_models"][name]["quality"] = q(float(random.uniform(0.9, 1.1)))
        data["ai_models"][name]["decode"] = q(float(random.uniform(300, 3000)), "tokens/s/GPU")
        data["ai_models"][name]["pool"] = "main" if k < contracted else "spot"
    devs = copy.deepcopy(data["segments"]["firms"])
    devs["channel"] = "api"
    devs["usage"]["ai_models"] = {name: q(float(x), "fraction") for name, x in zip(names, shares, strict=True)}
    devs["usage"]["requests"] = q(4_000, "requests/month")
    devs["price_elasticity"] = q(1.11)
    data["segments"]["devs"] = devs
    api = data["plans"]["api"]
    api["segments"] = ["devs"]
    api["unit_prices"] = {name: q(float(random.uniform(5, 6)), "usd/Mtok") for name in names}
    rival = data["alternatives"]["rival"]
    rival["segments"] = [*rival["segments"], "devs"]
    rival["allowances"] = {**rival["allowances"], **{name: {"day": q(300, "requests")} for name in names}}
    data["today"]["alternatives"]["rival"]["api"] = q(3000, "customers")
    if classes is not None:
        data["classes"] = {"usage": classes, "willingness_to_pay": classes}
    return data


def case_of(models: int, steps: list[float], **more: Any) -> Data:
    """A scale ladder on every AI model's unit price, beside ladders of the small market's other plans."""
    found: Data = case(**more)
    found["plans"]["api"] = {"unit_prices": {f"m{k}": {"times": steps} for k in range(models)}}
    return found
