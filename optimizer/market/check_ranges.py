"""Numbers that no market can have, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.schema.base import Quantity

MOST_QUALITY = 10.0
"""Quality is relative to the best model of the day; more than this is a slip."""
MOST_WINDOWS = 8.0


def check_ranges(numbers: Mapping[str, Quantity], document: Document) -> Iterator[Finding]:
    """Churn is a share of customers, a day has few windows, quality is relative to the best model."""
    for path, quantity in numbers.items():
        name = path.rpartition(".")[2]
        if quantity.unit == "1/month" and quantity.value > 1.0:
            message = f"{quantity.value:g} a month is more than all customers"
            yield document.finding(
                "range", path, message, "state a share a month, e.g. 0.05 1/month or 5 percent/month"
            )
        if name == "windows_per_day" and quantity.value > MOST_WINDOWS:
            message = f"{quantity.value:g} windows of 3 hours or more do not fit into a day"
            yield document.finding("range", path, message, "state how many sessions hours apart a day has")
        if name == "quality" and quantity.value > MOST_QUALITY:
            message = f"{quantity.value:g} times the best model of the day"
            yield document.finding("range", path, message, "state it relative to the best model, which is 1")
