"""The decision in sentences: a plan each, with what it brings."""

from __future__ import annotations

from optimizer.answer.decided import PlanMove, plan_moves
from optimizer.answer.menu import PlanChoice
from optimizer.answer.solution import Solution
from optimizer.answer.words import amount, further_words, quantity
from optimizer.report.words import allowances_text, price, printable


def sentences(solution: Solution) -> list[str]:
    """What to do, a sentence a plan and one for the budget, each with its customers and money."""
    told = [_sentence(move, solution) for move in plan_moves(solution)]
    if solution.split_moved:
        told.append(
            f"Spend {quantity(solution.enterprise_share, 'fraction')} of the go-to-market budget on enterprise (today "
            f"{quantity(solution.today_enterprise_share, 'fraction')})."
        )
    if solution.budget_moved and solution.budget is not None and solution.today.budget is not None:
        size, now = (quantity(b, "usd/month") for b in (solution.budget, solution.today.budget))
        told.append(f"Spend {size} a month on go-to-market (today {now}).")
    moved = [move for move in plan_moves(solution) if move.turn != "undecided"]
    if not moved and not solution.split_moved and not solution.budget_moved:
        told.insert(0, "Keep today's menu" + (" otherwise." if solution.undecided else "."))
    return [printable(sentence) for sentence in told]


def _sentence(move: PlanMove, solution: Solution) -> str:
    p = move.choice
    if move.turn == "undecided":
        return solution.undecided[p.plan]
    if move.turn == "launch":
        terms = "; ".join(_new_terms(p))
        return f"Launch {p.title} at {price(p.price)}{f' ({terms})' if terms else ''}: {_brings(move, 'with')}"
    if move.turn == "withdraw":
        return f"Withdraw {p.title}: {_brings(move, 'customers')}"
    changes = [f"from {price(p.today_price)} to {price(p.price)} usd a month"] if p.repriced else []
    return f"{p.title}: {'; '.join([*changes, *_new_terms(p)])}. {_brings(move, 'customers')}"


def _brings(move: PlanMove, word: str) -> str:
    customers, money = (gained(x) for x in (move.customers, move.contribution))
    if word == "with":
        return f"{customers} customers, contribution {money} usd a month."
    return f"{word[:1].upper()}{word[1:]} {customers}, contribution {money} usd a month."


def gained(value: float) -> str:
    """A change with its sign, nothing where it rounds to none."""
    return "±0" if abs(value) < 0.5 else f"{'+' if value > 0 else ''}{amount(value)}"


def _new_terms(p: PlanChoice) -> list[str]:
    """What is new about a plan's allowances, unit prices and further terms, from and to."""
    told = []
    for name, value in p.new_allowances.items():
        after, before = (
            allowances_text({name: v}).removeprefix(f"{name} ") for v in (value, p.today_allowances.get(name, ""))
        )
        told.append(f"{name} from {before} to {after}" if before and p.today_offered else f"{name} {after}")
    for name, value in p.new_unit_prices.items():
        was = p.today_unit_prices.get(name)
        start = "" if was is None else f"from {was:.3g} "
        told.append(f"{name} {start}to {value:.3g} {p.unit_price_units[name]}")
    told += [f"from {p.today_impressions:.3g} to {p.impressions:.3g} ads a request"] if p.new_impressions else []
    return told + ([further_words(p.new_further, p.further_units)] if p.new_further else [])
