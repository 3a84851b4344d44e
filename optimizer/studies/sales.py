"""The section of an explanation that tells down to which price a deal pays."""

from __future__ import annotations

from optimizer.answer.explanation import Explanation
from optimizer.studies.sections import Heading, PlanName, Row, Section, Value, say, text_table, words
from optimizer.studies.tables import Table, table_of

USD = "usd/month"
COLUMNS = {"plan": "", "segment": "", "customers": "customers", "list_price": USD, "price_paid": USD,
           "contribution_per_customer": USD, "brought_otherwise": USD, "floor": USD, "largest_discount": "fraction",
           "deal_floor": USD, "largest_deal_discount": "fraction"}  # fmt: skip


def floor_table(e: Explanation) -> Table:
    """Every row, with its units."""
    return table_of("Sales floors", COLUMNS, e.sales_floors)


def floor_section(e: Explanation) -> Section:
    """The floors by plan and segment; a floor above the list price means that the price does not pay as it is."""
    headings = [
        words("plan, segment"),
        Heading("list price", USD),
        Heading("paid on average", USD),
        Heading("floor", USD),
        Heading("largest discount", "fraction"),
        Heading("floor of a deal", USD),
        Heading("largest discount of a deal", "fraction"),
    ]
    keys = ("list_price", "price_paid", "floor", "largest_discount", "deal_floor", "largest_deal_discount")
    titles = e.titles()
    rows: list[Row] = [
        (
            say("{plan}, {segment}", plan=PlanName(r["plan"], titles[r["plan"]]), segment=r["segment"]),
            *(Value(r[key], COLUMNS[key]) for key in keys),
        )
        for r in e.sales_floors
    ]
    lead = (
        "What a seat must pay a month. At the floor a customer covers what serving, payment and support cost; at the "
        "floor of a deal he brings as much as where he would go otherwise, our other plans counted. A floor above the "
        "list price: the plan does not pay in this segment. Costs are those of the segment’s mean customer."
    )
    return Section("Down to which price a deal pays", (text_table(headings, rows),), (lead,))
