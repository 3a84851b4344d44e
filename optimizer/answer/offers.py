"""Menus side by side as plain data: where they differ, their prices and terms in columns.

A menu comes here as :func:`optimizer.answer.menu.menu_document` tells it: plan -> offered, price, allowances, unit
prices, further terms. Light to import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Offer: TypeAlias = Mapping[str, Any]
"""A plan's terms as plain data."""
Offers: TypeAlias = Mapping[str, Offer]
"""Plan -> its terms."""
PARTS = ("allowances", "unit_prices", "further_terms")


def differing(menus: Sequence[Offers]) -> list[str]:
    """Plans whose terms are not the same in all menus."""
    return [plan for plan in (menus[0] if menus else ()) if any(m[plan] != menus[0][plan] for m in menus)]


def price_columns(menus: Sequence[Offers]) -> dict[str, str]:
    """Column -> unit: the price of every plan."""
    return {f"price_{plan}": "usd/month" for plan in (menus[0] if menus else ())}


def prices(menu: Offers) -> list[float | None]:
    """The cells of :func:`price_columns`."""
    return [offer["price"] if offer["offered"] else None for offer in menu.values()]


def part_columns(menus: Sequence[Offers]) -> dict[str, tuple[str, str]]:
    """Column -> part and plan, for allowances and unit prices that are not the same in all menus."""
    return {
        f"{part}_{plan}": (part, plan)
        for part in PARTS
        for plan in (menus[0] if menus else ())
        if any(menu[plan][part] != menus[0][plan][part] for menu in menus)
    }


def part_cells(menu: Offers, columns: Mapping[str, tuple[str, str]]) -> list[str]:
    """The cells of :func:`part_columns`, as text."""
    return [_part_text(menu[plan], part) for part, plan in columns.values()]


def difference_text(differences: Mapping[str, Any]) -> str:
    """What another menu does otherwise, in one line: plan -> its terms there, or the share for enterprise."""
    told = []
    for plan, terms in differences.items():
        if not isinstance(terms, Mapping):
            told.append(f"{plan} {terms:g}")
        elif terms["price"] is None:
            told.append(f"{plan} not offered")
        else:
            parts = [text for part in PARTS if (text := _part_text(terms, part))]
            parts += [f"{terms['impressions']:g} ads a request"] if "impressions" in terms else []
            told.append(f"{plan} {terms['price']:g}" + (f" ({'; '.join(parts)})" if parts else ""))
    return "; ".join(told)


def _part_text(offer: Offer, part: str) -> str:
    from optimizer.answer.menu import text
    from optimizer.answer.words import further_words

    if part == "further_terms":
        return further_words(offer[part])
    return text(offer[part]) if part == "allowances" else "; ".join(f"{a}: {v:g}" for a, v in offer[part].items())
