"""Statistics as figures that a market would have to show: what each table says, and of which number or choice."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from optimizer.economics.figures import unit_of
from optimizer.errors import Finding
from optimizer.inputs.load import Inputs
from optimizer.inputs.moved import quantity_at
from optimizer.learn import worlds
from optimizer.learn.compared import TableFigure
from optimizer.learn.habits import MORNING
from optimizer.learn.price_lists import listed
from optimizer.learn.stats import ArmCount, Stats
from optimizer.learn.usage import estimate_usage
from optimizer.learn.worlds import Changes, of
from optimizer.market.check import quantities
from optimizer.market.prepare import Prepared
from optimizer.schema.market import Market
from optimizer.units import convert

STATED = 0.25
"""What people say they would choose against what they choose: spread of the scale of utility, in logarithms."""
NO_OUTSIDE = 0.5
"""The same where the survey had no alternative of taking none, so that its scale is its own."""
STUDY = 0.1
"""Standard error of a count from a market study that states no number of people asked, relative."""
UNEVEN = 0.04
"""What the spread of wishes among a plan's customers may be off, relative: they are no lognormal."""
BIAS = 0.01
"""What estimates of usage may be off beside chance, relative."""
TOKENS = 1.0
"""Spread of a customer's tokens per request about the mean, relative."""
WINDOWS = ("day",)
"""Windows whose counts are used. Weeks and months also vary with days of use that come and go, and spells that lie
close count as one: what the log shows of these is not what the market means by them."""
SURVEYED = {"reached": worlds.reached_share, "referred": worlds.referred_share}
"""Questions of a survey that the market answers: the answer yes counts."""
UNSEEN = 2.0
"""Customers that stand for a segment of whom too few have a plan to be shown."""
FEWEST = 20
"""Customers of whom a share is used."""


@dataclass(frozen=True)
class Readings:
    """What the tables say of a market."""

    figures: tuple[TableFigure, ...]
    known: Mapping[str, float]
    """Numbers that are exact: path -> value, in the schema's unit."""
    findings: tuple[Finding, ...]
    """What of the tables could not be used."""


def readings(
    stats: Stats, inputs: Inputs, prepared: Prepared, sampled: float = 1.0, without: Sequence[str] = ()
) -> Readings:
    """All figures of the statistics that a market can be held against.

    ``sampled``: share of the company's customers whom the tables hold; ``without``: tables that are left out.
    """
    market, findings = inputs.market, list[Finding]()
    reader = _Reader(stats, inputs, market, prepared, findings)
    parts = (
        reader.usage(), reader.tokens(), reader.hours(), reader.subscriptions(), reader.tests(), reader.switching(),
        reader.rivals(), reader.survey(), reader.tastes(), reader.accounts(),
    )  # fmt: skip
    figures = tuple(figure for part in parts for figure in part if figure.table not in without)
    known = _counts(stats, market, sampled) | reader.prices() | reader.ledger()
    return Readings(figures, known, tuple(findings))


def _counts(stats: Stats, market: Market, sampled: float) -> dict[str, float]:
    """Customers by plan on the last day, by segment where the market states them so."""
    found: dict[str, float] = {}
    for plan, stated in market.today.plans.items():
        rows = [p for p in stats.plans if p.plan == plan]
        if not rows:
            continue
        total = float(sum(r.seats for r in rows))
        own = {s: sum(r.seats for r in rows if r.segment == s) for s in stated.by_segment}
        unseen = [s for s in market.plans[plan].segments if s not in own and all(r.segment != s for r in rows)]
        rest = total - sum(own.values())
        if own and unseen and not rest > 0.0:
            total += UNSEEN * len(unseen)
        found[f"today.plans.{plan}.customers"] = total / sampled
        for segment, count in own.items():
            if count:
                found[f"today.plans.{plan}.by_segment.{segment}"] = count / sampled
    return found


@dataclass(frozen=True)
class _Reader:
    stats: Stats
    inputs: Inputs
    market: Market
    prepared: Prepared
    findings: list[Finding]

    def unknown(self, table: str, what: str, cure: str = "") -> None:
        """Told once for each thing that has no name in the market."""
        known = f"{table}.csv", f"{what} is not in the market: not used"
        if all((f.file, f.message) != known for f in self.findings):
            cure = cure or "give it the market's name (a map can do so), or put it into the market"
            self.findings.append(Finding("learn-unknown", "warning", known[0], None, "", known[1], cure))

    def sold(self, table: str, segment: str, plan: str) -> bool:
        """Whether a segment is offered a plan that is on today's menu; told where a name is unknown."""
        if segment and segment not in self.market.segments:
            self.unknown(table, f"the segment {segment!r}")
        elif plan not in self.market.plans:
            self.unknown(table, f"the plan {plan!r}")
        elif plan not in self.market.today.plans or not worlds.offered_to(self.prepared, plan, segment):
            self.unknown(table, f"the plan {plan!r} for the segment {segment!r} today")
        else:
            return True
        return False

    def prices(self) -> dict[str, float]:
        """What price lists state of the market; the rest of a list is of AI models that it does not have."""
        found: dict[str, float] = {}
        for row in self.stats.prices:
            own = dict(listed(row, self.market))
            if row.ai_model in self.market.ai_models and not own:
                self.unknown("prices", f"a place for what {row.seller or 'a seller'} asks for {row.ai_model!r}")
            found |= own
        return found

    def ledger(self) -> dict[str, float]:
        """What the company's own books state of the market."""
        found, twice, stated = dict[str, float](), set[str](), quantities(self.market)
        for row in self.stats.ledger:
            if row.number not in stated:
                near = " or ".join(difflib.get_close_matches(row.number, stated, 2))
                self.unknown("ledger", f"the number {row.number!r}", f"did you mean {near}?" if near else "")
                continue
            try:
                value = convert(row.value, row.unit, stated[row.number].unit)
            except ValueError:
                unit = stated[row.number].unit
                self.unknown("ledger", f"the unit {row.unit!r} of {row.number}", f"give it in {unit}")
                continue
            if abs(found.setdefault(row.number, value) - value) > 1e-9 * abs(value):
                twice.add(row.number)
        for path in sorted(twice):
            message = f"{path} is stated twice with different values: not used"
            self.findings.append(
                Finding("learn-twice", "warning", "ledger.csv", None, "", message, "keep one of the two")
            )
        return {path: value for path, value in found.items() if path not in twice}

    def usage(self) -> Iterator[TableFigure]:
        """What was estimated from the log."""
        for e in estimate_usage(self.stats, WINDOWS):
            if not self.sold("windows", e.segment, e.plan) or not e.value > 0.0:
                continue
            path = f"segments.{e.segment}.usage.{e.name}"
            if e.name == "requests":
                predicted, unit = of(worlds.requests_wanted, e.segment, e.plan), "requests/month"
            elif e.name == "sigma":
                predicted, unit = of(worlds.spread_of_wishes, e.segment, e.plan), "1"
            else:
                ai_model = e.name.removeprefix("ai_models.")
                if ai_model != e.name and ai_model not in self.market.segments[e.segment].usage.ai_models:
                    self.unknown("windows", f"the AI model {ai_model!r} for the segment {e.segment!r}")
                    continue
                predicted, unit = of(worlds.number, path), quantity_at(self.market, path).unit
            spread = math.hypot(e.se / e.value, UNEVEN if e.name == "sigma" else BIAS)
            about = f"{e.name} of {e.segment} on {e.plan}"
            direct = e.name not in ("requests", "sigma")
            yield TableFigure("usage", about, unit, "log", e.value, spread, 0.0, predicted, direct=direct)

    def tokens(self) -> Iterator[TableFigure]:
        """Tokens per request, and the part of the input that was cached, by AI model."""
        for name in self.market.ai_models:
            rows = [t for t in self.stats.totals if t.ai_model == name]
            requests, read = sum(t.requests for t in rows), sum(t.input_tokens for t in rows)
            customers = sum(t.customers for t in rows)
            if customers < FEWEST or not requests or not read:
                continue
            spread = TOKENS / math.sqrt(customers)
            told = {"input_tokens": read / requests, "output_tokens": sum(t.output_tokens for t in rows) / requests,
                    "cached": sum(t.cached_tokens for t in rows) / read}  # fmt: skip
            for key, value in told.items():
                path = f"ai_models.{name}.{key}"
                if value > 0.0:
                    unit, predicted = quantity_at(self.market, path).unit, of(worlds.number, path)
                    about = f"{key} of {name}"
                    yield TableFigure("usage", about, unit, "log", value, spread, 0.0, predicted, direct=True)

    def hours(self) -> Iterator[TableFigure]:
        """Share of the requests in each block of hours, by segment."""
        of_hour = _blocks({name: q.value for name, q in self.market.hours.items()})
        for segment, facts in self.market.segments.items():
            rows = [h for h in self.stats.hours if h.segment == segment]
            total = sum(h.requests for h in rows)
            customers = sum(a.customers for a in self.stats.activity if a.segment == segment)
            if not total or customers < FEWEST or len({h.hour for h in rows}) < 20:
                continue
            for block in facts.usage.hours:
                share = sum(h.requests for h in rows if of_hour[h.hour] == block) / total
                predicted = of(worlds.number, f"segments.{segment}.usage.hours.{block}")
                about = f"use at {block}, {segment}"
                yield TableFigure(
                    "usage", about, "fraction", "share", share, 0.0, float(customers), predicted, direct=True
                )

    def subscriptions(self) -> Iterator[TableFigure]:
        """Who pays by the year, and who goes where."""
        for plan in self.market.plans:
            by = {"month": 0, "year": 0}
            for row in self.stats.plans:
                if row.plan == plan and row.billing in by:
                    by[row.billing] += row.customers
            total = sum(by.values())
            # a cell of few customers is not shown: without one of the two the share is not known
            if self.market.plans[plan].annual_share is not None and total >= FEWEST and all(by.values()):
                share, predicted = by["year"] / total, of(worlds.number, f"plans.{plan}.annual_share")
                about = f"share of {plan} that pays by the year"
                n = float(total)
                yield TableFigure("subscriptions", about, "fraction", "share", share, 0.0, n, predicted, direct=True)
        for seen in self.stats.exposure:
            if seen.months <= 0.0 or not self.sold("exposure", seen.segment, seen.plan):
                continue
            for other, count in self._ended(seen.segment, seen.plan).items():
                about = f"rate of going from {seen.plan} to {other}, {seen.segment}"
                predicted = of(worlds.leaves_for, seen.segment, seen.plan, other)
                rate = count / seen.months
                yield TableFigure("subscriptions", about, "1/month", "rate", rate, 0.0, seen.months, predicted)

    def _ended(self, segment: str, plan: str) -> dict[str, int]:
        """How many went to each of our other plans that the segment may have, and to none of ours.

        Ways of few are put together: they are told where it can be but one of them.
        """
        others = [p for p in self.market.today.plans if p != plan and worlds.offered_to(self.prepared, p, segment)]
        ways, found, few = (*others, "none"), dict[str, int](), 0
        for flow in self.stats.flows:
            if (flow.segment, flow.plan, flow.kind) == (segment, plan, "ended"):
                if flow.other in ways:
                    found[flow.other] = flow.customers
                else:
                    few += flow.customers
        missing = [way for way in ways if way not in found]
        return {**found, missing[0]: few} if few and len(missing) == 1 else found

    def tests(self) -> Iterator[TableFigure]:
        """Arms of tests: what those took who were new, where those were afterwards who held a plan."""
        arms: dict[str, Changes | None] = {}
        for row in self.stats.experiments:
            if row.arm not in arms:
                arms[row.arm] = self._changes(row)
        tables = _test_tables(arms)
        for row in self.stats.experiments:
            changes = arms[row.arm]
            if changes is None or row.chosen is None or not row.exposed:
                continue
            if not self.sold("experiments", _plain(row.segment), row.plan):
                continue
            yield from self._arm(row, changes, tables[row.arm])

    def _arm(self, row: ArmCount, changes: Changes, table: str) -> Iterator[TableFigure]:
        segment, share = _plain(row.segment), (row.chosen or 0) / row.exposed
        if row.eligible == "new":
            about = f"{row.arm}: took {row.plan}, {row.segment}"
            predicted, factor = of(worlds.take_up, segment, changes, row.plan), f"sign_up.{row.segment}"
        elif self.sold("experiments", segment, row.eligible):
            about, factor = f"{row.arm}: on {row.plan} after {row.eligible}, {row.segment}", ""
            predicted = of(worlds.held_after, segment, changes, row.eligible, row.plan, row.months)
        else:
            return
        yield TableFigure(table, about, "fraction", "share", share, 0.0, float(row.exposed), predicted, factor)

    def _changes(self, row: ArmCount) -> Changes | None:
        """What an arm changed; None where that is not understood, which is told."""
        found = []
        for part in (row.changes or "").replace(";", " ").split():
            path, _, text = part.partition("=")
            try:
                stated = self.inputs.market_document.data
                for key in path.split("."):
                    stated = stated[key]
                found.append((path, convert(float(text), stated["unit"], quantity_at(self.market, path).unit)))
            except (KeyError, TypeError, ValueError):
                self.unknown("experiments", f"the change {part!r} of the arm {row.arm!r}")
                return None
        return tuple(found)

    def switching(self) -> Iterator[TableFigure]:
        """Second choices."""
        totals: dict[tuple[str, str], int] = {}
        for row in self.stats.switching:
            key = (row.plan, row.segment)
            totals[key] = totals.get(key, 0) + (row.count or 0)
        for row in self.stats.switching:
            segment = _plain(row.segment)
            total = row.n or totals[row.plan, row.segment]
            share = row.share if row.share is not None else None if row.count is None else row.count / max(total, 1)
            if share is None or total < FEWEST or not self.sold("switching", segment, row.plan):
                continue
            if row.to not in (*self.market.today.plans, *self.market.alternatives, "nothing"):
                self.unknown("switching", f"{row.to!r}")
                continue
            predicted = of(worlds.second_choice, segment, row.plan, row.to)
            about = f"{row.to} instead of {row.plan}"
            yield TableFigure("switching", about, "fraction", "share", share, 0.0, float(total), predicted)

    def rivals(self) -> Iterator[TableFigure]:
        """Customers of the alternatives: a share of those asked, or a number of people."""
        for row in self.stats.rivals:
            segment = _plain(row.segment)
            if row.alternative not in self.market.alternatives:
                self.unknown("rivals", f"the alternative {row.alternative!r}")
                continue
            share = row.share if row.share is not None else row.count / row.n if row.count and row.n else None
            about = f"{row.alternative}, {row.segment}"
            if share is not None and row.n:
                predicted = of(worlds.rival_share, row.alternative, segment)
                yield TableFigure("rivals", about, "fraction", "share", share, 0.0, float(row.n), predicted)
            elif row.count:
                predicted = of(worlds.rival_customers, row.alternative, segment)
                yield TableFigure("rivals", about, "customers", "log", float(row.count), STUDY, 0.0, predicted)

    def survey(self) -> Iterator[TableFigure]:
        """Questions whose answer the market has."""
        for row in self.stats.survey:
            question = row.question.strip().lower()
            if question not in SURVEYED:
                self.unknown("survey", f"the question {question!r}")
                continue
            yes = row.answer.strip().lower() in ("yes", "true", "1")
            share = row.share if row.share is not None else row.count / row.n if row.count and row.n else None
            if yes and share is not None and row.n:
                predicted = of(SURVEYED[question], _plain(row.segment))
                about = f"{question}, {row.segment}"
                yield TableFigure("survey", about, "fraction", "share", share, 0.0, float(row.n), predicted)

    def tastes(self) -> Iterator[TableFigure]:
        """The price coefficient and its spread, of each segment that was asked; a survey of all is one of consumers."""
        asked = dict.fromkeys(t.segment for t in self.stats.tastes)
        for segment in asked.keys() - self.market.segments.keys() - {"all"}:
            self.unknown("choices", f"the segment {segment!r}")
        for segment, facts in self.market.segments.items():
            of_whom = segment if segment in asked else "all" if facts.channel == "consumer" else ""
            mixed = {t.name: t for t in self.stats.tastes if (t.form, t.segment) == ("mixed", of_whom)}
            surveys = [s for s in self.stats.about.get("surveys", ()) if s.get("segment", "all") == of_whom]
            scale = STATED if any(s.get("outside_option") for s in surveys) else NO_OUTSIDE
            told = (("price_median", "price_coefficient", scale), ("price_sigma", "price_sigma", STUDY))
            for name, key, doubt in told:
                taste = mixed.get(name)
                if taste is None or not taste.estimate > 0.0:
                    continue
                path, spread = f"segments.{segment}.{key}", math.hypot(taste.se / taste.estimate, doubt)
                unit, predicted = quantity_at(self.market, path).unit, of(worlds.number, path)
                about = f"{key} of {segment}"
                yield TableFigure("choices", about, unit, "log", taste.estimate, spread, 0.0, predicted, direct=True)

    def accounts(self) -> Iterator[TableFigure]:
        """Figures that the market states with a source: your own accounts; assumed ones are written anew."""
        for row in self.market.today.observed:
            if row.value.source and not row.value.assumption and row.value.value > 0.0 and row.figure != "market_share":
                predicted = of(worlds.account_figure, row.figure, row.plan, row.channel)
                value = row.value.value * convert(1.0, row.value.unit, unit_of(row.figure))
                spread = row.tolerance / 1.645
                yield TableFigure("accounts", row.figure, unit_of(row.figure), "log", value, spread, 0.0, predicted)


def _plain(segment: str) -> str:
    """Segment of a row; empty where it is of all."""
    return "" if segment == "all" else segment


def _blocks(hours: Mapping[str, float]) -> dict[int, str]:
    """Hour of the day -> block; blocks follow each other through the day."""
    found, start, whole = {}, 0.0, sum(hours.values())
    for block, length in hours.items():
        end = start + length / whole * 24.0
        found.update({(hour + MORNING) % 24: block for hour in range(round(start), max(round(end), round(start) + 1))})
        start = end
    return found


def _test_tables(arms: Mapping[str, Changes | None]) -> dict[str, str]:
    """Arm -> price test or cap test; an arm without changes is of the first kind there is."""
    kinds = {
        arm: "cap test" if any(".allowances." in path for path, _ in changes) else "price test"
        for arm, changes in arms.items()
        if changes
    }
    first = "price test" if "price test" in kinds.values() or not kinds else "cap test"
    return {arm: kinds.get(arm, first) for arm in arms}
