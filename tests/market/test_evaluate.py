"""The evaluator against a second computation in plain Python loops, written from the mathematical model alone.

Only the customer types (sizes, wishes, price coefficients) and the calibrated constants are taken from the package.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import pytest
from market_factory import evaluate_choice

from optimizer.economics.figures import Selection
from optimizer.market.evaluate import Evaluation

HOURS = 730.0
SHORT = ("3h", "5h")


def phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def capped(mean: float, s: float, a: float) -> float:
    mu = math.log(mean) - s * s / 2
    return math.exp(mu + s * s / 2) * phi((math.log(a) - mu - s * s) / s) + a * (1 - phi((math.log(a) - mu) / s))


def capped_square(mean: float, s: float, a: float) -> float:
    mu = math.log(mean) - s * s / 2
    tail = a * a * (1 - phi((math.log(a) - mu) / s))
    return math.exp(2 * mu + 2 * s * s) * phi((math.log(a) - mu - 2 * s * s) / s) + tail


class Loops:
    """The market at one menu, one type and plan after the other."""

    def __init__(self, data: dict[str, Any], problem: Any, choice: tuple[tuple[int, ...], int]) -> None:
        self.data, self.prepared = data, problem.prepared
        self.models = list(data["ai_models"])
        menu, mix = choice
        self.share = problem.choices.mixes[mix]
        self.menu = {n: t for n, t in problem.choices.menu((menu, mix)).terms.items() if t is not None}
        self.rows: list[dict[str, Any]] = []
        for i in range(self.prepared.population.size):
            self.rows += self.one_type(i)
        self.bill_capacity()

    def number(self, path: str, default: float = 0.0) -> float:
        node: Any = self.data
        for key in path.split("."):
            if key not in node:
                return default
            node = node[key]
        return float(node["value"])

    def windows(self, segment: str, window: str) -> tuple[float, float]:
        """Active windows a month and sigma."""
        use = f"segments.{segment}.usage"
        days = self.number(f"{use}.active_days")
        short = days * self.number(f"{use}.windows_per_day")
        count = {"day": days, "week": HOURS / 168.0, "month": 1.0}.get(window, short)
        return count, self.number(f"{use}.window_sigmas.{'short' if window in SHORT else window}")

    def served(self, segment: str, wanted: float, caps: Any) -> tuple[float, float]:
        """Requests served a month within the caps, and the probability that no cap binds."""
        if not caps:
            return wanted, 1.0
        n, s = self.windows(segment, caps[0][0])
        a = caps[0][1]
        mean = capped(wanted / n, s, a)
        quiet = (1 - phi(-(math.log(a) - math.log(wanted / n) + s * s / 2) / s)) ** n
        if len(caps) == 1:
            return n * mean, quiet
        m, b = self.windows(segment, caps[1][0])[0], caps[1][1]
        inside = n / m
        variance = (capped_square(wanted / n, s, a) - mean**2) * inside
        s2 = math.sqrt(math.log(1 + variance / (mean * inside) ** 2))
        quiet *= (1 - phi(-(math.log(b) - math.log(mean * inside) + s2 * s2 / 2) / s2)) ** m
        return m * capped(mean * inside, s2, b), quiet

    def use(self, i: int, segment: str, terms: Any, relative: float) -> dict[str, Any]:
        """What a customer of type i uses, buys and pays for use under terms."""
        pop = self.prepared.population
        took, left, quiet = [0.0] * len(self.models), [0.0] * len(self.models), 1.0
        for a, model in enumerate(self.models):
            wanted = float(pop.requests[pop.cell[i]]) * self.number(f"segments.{segment}.usage.ai_models.{model}")
            caps = terms.caps[a]
            inside, calm = (0.0, 1.0) if caps is None else self.served(segment, wanted, caps)
            quiet *= calm
            took[a] += inside
            rest = wanted - inside
            if terms.fallback is not None and terms.fallback != a:
                extra = rest
                if caps and math.isfinite(terms.fallback_limit):
                    n, s = self.windows(segment, caps[0][0])
                    top = caps[0][1] + terms.fallback_limit
                    extra = n * (capped(wanted / n, s, top) - capped(wanted / n, s, caps[0][1]))
                took[terms.fallback] += extra
                rest -= extra
            left[a] = rest
        quality = [relative * self.number(f"ai_models.{m}.quality") for m in self.models]
        worth = sum(x * w for x, w in zip(took, quality, strict=True))
        value = self.number(f"segments.{segment}.value_of_use")
        beta, paid = float(pop.price_coefficient[i]), 0.0
        sold = [a for a in range(len(self.models)) if terms.unit_prices[a] is not None]
        for a in sorted(sold, key=lambda a: -quality[a] / terms.unit_prices[a]):
            price = terms.unit_prices[a]
            more = min(left[a], max(0.0, value / (beta * price) - (1 + worth) / quality[a]))
            took[a] += more
            worth += quality[a] * more
            paid += price * more
        return {"took": took, "worth": value * math.log(1 + worth), "paid": paid, "beta": beta, "binds": 1 - quiet}

    def outside(self, i: int, segment: str) -> tuple[float, list[tuple[str, float, float]]]:
        """Total stock of the alternatives; name, stock and bill of each."""
        parts = []
        for facts in self.prepared.alternatives:
            if segment not in self.data["alternatives"][facts.name]["segments"]:
                continue
            used = self.use(i, segment, facts.terms, self.number(f"alternatives.{facts.name}.quality"))
            bill = facts.terms.price + used["paid"]
            utility = float(facts.constant[i]) + used["worth"] - used["beta"] * bill
            parts.append((facts.name, math.exp(utility) / self.number(f"alternatives.{facts.name}.decision_rate"), bill))
        return sum(s for _, s, _ in parts) + 1.0 / self.number("nothing_decision_rate"), parts

    def plan_row(self, i: int, segment: str, name: str, outside: float) -> dict[str, Any]:
        plan, facts = f"plans.{name}", self.prepared.plans[list(self.data["plans"]).index(name)]
        terms, channel = self.menu[name], self.data["plans"][name]["channel"]
        used = self.use(i, segment, terms, 1.0)
        yearly = self.number(f"{plan}.annual_share")
        fee = terms.price * (1 - yearly) + terms.price * yearly * (1 - self.number(f"{plan}.annual_discount"))
        seats = self.number(f"segments.{segment}.seats_per_account", 1.0)
        bill = fee * max(1.0, self.number(f"{plan}.seat_minimum", 1.0) / seats) + used["paid"]
        utility = float(facts.constant[i]) + used["worth"] - used["beta"] * bill
        churn = self.number(f"{plan}.decision_rate_by_segment.{segment}", self.number(f"{plan}.decision_rate"))
        kappa = self.number(f"segments.{segment}.decision_rate_sensitivity")
        churn *= math.exp(-kappa * (utility - float(facts.reference_utility[i])))
        churn = min(max(churn, self.number(f"{plan}.decision_rate_least")), self.number(f"{plan}.decision_rate_most"))
        reach = "consumer" if self.data["segments"][segment]["channel"] == "consumer" else "enterprise"
        rho = self.number(f"go_to_market.{reach}.most")
        psi = self.number(f"{plan}.referral") * self.number(f"segments.{segment}.word_of_mouth", 1.0) * (1 - rho)
        weight = math.exp(utility) / churn / outside
        revenue = bill + self.number(f"{plan}.advertising") * sum(used["took"])
        fees = f"finance.fees.{channel}"
        row = {"plan": name, "segment": segment, "channel": channel, "type": i, "weight": weight, "psi": psi}
        row |= {
            "churned": churn,
            "revenue": revenue,
            "bill": bill,
            "binds": used["binds"],
            "requests": sum(used["took"]),
        }
        row["payment"] = self.number(f"{fees}.payment") * bill
        row["payment"] += self.number(f"{fees}.payment_fixed") if bill > 0 else 0.0
        row["other"] = self.number("finance.other_cost_of_revenue") * revenue
        row["support"] = self.number(f"{plan}.support_cost")
        row["gpu"] = self.gpu_hours(used["took"])
        return row

    def gpu_hours(self, took: list[float]) -> dict[str, float]:
        """Paid GPU hours by pool."""
        hours = dict.fromkeys(self.data["pools"], 0.0)
        for model, requests in zip(self.models, took, strict=True):
            m = f"ai_models.{model}"
            read = self.number(f"{m}.input_tokens") * (1 - self.number(f"{m}.cached")) / self.number(f"{m}.prefill")
            seconds = read + self.number(f"{m}.output_tokens") / self.number(f"{m}.decode")
            pool = self.data["ai_models"][model]["pool"]
            hours[pool] += requests * seconds / 3600 / self.number(f"pools.{pool}.utilisation")
        return hours

    def one_type(self, i: int) -> list[dict[str, Any]]:
        pop = self.prepared.population
        segment = pop.segments[pop.segment[i]]
        outside, parts = self.outside(i, segment)
        offered = [n for n in self.menu if segment in self.data["plans"][n]["segments"]]
        rows = [self.plan_row(i, segment, name, outside) for name in offered]
        reach = "consumer" if self.data["segments"][segment]["channel"] == "consumer" else "enterprise"
        spend = self.number("go_to_market.budget") * (self.share if reach == "enterprise" else 1 - self.share)
        low, high = self.number(f"go_to_market.{reach}.base"), self.number(f"go_to_market.{reach}.most")
        share = low + (high - low) * (1 - math.exp(-spend / self.number(f"go_to_market.{reach}.scale")))
        potential = float(pop.potential[i])
        staying = potential * share / (1 + sum((1 - r["psi"]) * r["weight"] for r in rows))
        for row in rows:
            row["n"] = row["weight"] * staying
        away = potential - sum(r["n"] for r in rows)
        rivals = [(s, b) for n, s, b in parts if self.data["alternatives"][n]["kind"] == "rival"]
        self.rivals = getattr(self, "rivals", 0.0) + away * sum(s for s, _ in rivals) / outside
        self.rival_money = getattr(self, "rival_money", 0.0) + away * sum(s * b for s, b in rivals) / outside
        return rows

    def bill_capacity(self) -> None:
        """Reserved and burst bill of contracted pools; serving by row at the pools' prices."""
        self.capacity, self.as_used = 0.0, 0.0
        for row in self.rows:
            row["serving"] = sum(h * self.number(f"pools.{p}.price") for p, h in row["gpu"].items())
        for pool, stated in self.data["pools"].items():
            price = self.number(f"pools.{pool}.price")
            if "capacity" not in stated:
                self.as_used += sum(r["n"] * r["gpu"][pool] for r in self.rows) * price
                continue
            c = f"pools.{pool}.capacity"
            self.capacity += self.number(f"{c}.reserved") * price * HOURS
            for block in self.data["hours"]:
                hours = self.number(f"hours.{block}")
                busy = 0.0
                for r in self.rows:
                    part = self.number(f"segments.{r['segment']}.usage.hours.{block}")
                    busy += r["n"] * r["gpu"][pool] * part / hours
                over = max(0.0, busy - self.number(f"{c}.reserved"))
                self.capacity += over * hours * self.number(f"{c}.burst_price")

    def total(self, key: str, **part: str) -> float:
        rows = [r for r in self.rows if all(r[k] == v for k, v in part.items())]
        return sum(r["n"] * (1.0 if key == "n" else r[key]) for r in rows)

    def margin(self, **part: str) -> float:
        """Revenue less all that is counted per customer, in a part of the business."""
        costs = sum(self.total(k, **part) for k in ("serving", "payment", "other", "support"))
        names = {n for n in self.menu if part.get("plan", n) == n}
        if "channel" in part:
            names = {n for n in names if self.data["plans"][n]["channel"] == part["channel"]}
        fixed = 0.0 if "segment" in part else sum(self.number(f"plans.{n}.fixed_cost") for n in names)
        return self.total("revenue", **part) - costs - fixed


CHOICES = [((1, 1, 0, 1, 0), 0), ((0, 2, 1, 0, 0), 1), ((2, 0, 0, 1, 0), 0)]
PARTS = [{"plan": p} for p in ("free", "plus", "lite", "team", "api")]
PARTS += [{"segment": s} for s in ("students", "pros", "firms")]
PARTS += [{"channel": c} for c in ("consumer", "enterprise", "api")]


def selection(part: dict[str, str]) -> Selection:
    return Selection(part.get("plan"), part.get("segment"), (part["channel"],) if "channel" in part else None)


@pytest.fixture(scope="module", params=[(s, c) for s in (None, 3, 8) for c in CHOICES], ids=str)
def both(request: pytest.FixtureRequest, factory: ModuleType) -> tuple[Loops, Evaluation]:
    seed, choice = request.param
    data = factory.market() if seed is None else factory.random_market(seed)
    problem = factory.problem(data)
    return Loops(data, problem, choice), evaluate_choice(problem, choice)


def test_totals(both: tuple[Loops, Evaluation]) -> None:
    loops, evaluation = both
    serving = loops.as_used + loops.capacity
    potential = sum(loops.number(f"segments.{s}.potential") for s in loops.data["segments"])
    payers = sum(r["n"] for r in loops.rows if r["bill"] > 0)
    margin = loops.margin() + loops.total("serving") - serving
    by_hand = {
        "customers": loops.total("n"),
        "paying_customers": payers,
        "revenue": loops.total("revenue"),
        "serving_cost": serving,
        "churned_customers": loops.total("churned"),
        "churn_rate": loops.total("churned") / loops.total("n"),
        "requests": loops.total("requests"),
        "cap_bound_customers": loops.total("binds"),
        "referred_customers": loops.total("psi"),
        "gpu_hours": sum(r["n"] * sum(r["gpu"].values()) for r in loops.rows),
        "market_share": loops.total("n") / potential,
        "market_share_served": loops.total("n") / (loops.total("n") + loops.rivals),
        "rival_revenue": loops.rival_money,
        "revenue_share": loops.total("revenue") / (loops.total("revenue") + loops.rival_money),
        "free_share": 1 - payers / loops.total("n"),
    }
    for name, value in by_hand.items():
        assert evaluation.figure(name) == pytest.approx(value, rel=1e-11), name
    assert evaluation.capacity_cost == pytest.approx(loops.capacity, rel=1e-11)
    assert evaluation.figure("contribution_margin") == pytest.approx(margin, abs=1e-11 * loops.total("revenue"))


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_parts(both: tuple[Loops, Evaluation], part: dict[str, str]) -> None:
    loops, evaluation = both
    keys = {"customers": "n", "revenue": "revenue", "churned_customers": "churned", "serving_cost": "serving"}
    for name, key in keys.items():
        assert evaluation.figure(name, selection(part)) == pytest.approx(loops.total(key, **part), rel=1e-11), name
    margin = evaluation.figure("contribution_margin", selection(part))
    assert margin == pytest.approx(loops.margin(**part), abs=1e-11 * loops.total("revenue"))


def test_the_loops_see_burst_and_both_pools(factory: ModuleType) -> None:
    """What is compared above is not trivially 0."""
    data = factory.market()
    loops = Loops(data, factory.problem(data), CHOICES[0])
    assert loops.capacity > loops.number("pools.main.capacity.reserved") * loops.number("pools.main.price") * HOURS
    assert min(loops.as_used, loops.rivals, loops.total("psi"), loops.total("binds")) > 0.0
    assert {r["plan"] for r in loops.rows} == {"free", "plus", "lite", "team", "api"}
