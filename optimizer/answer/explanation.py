"""What answers "why?" about a solution, as a typed result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optimizer.answer.offers import Offers
from optimizer.answer.ranges import MenuRanges
from optimizer.answer.views import Viewed

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.answer.solution import Solution
    from optimizer.model.case_model import CaseModel


@dataclass(frozen=True)
class Explanation(Viewed):
    """Everything that answers "why?" about a solution; rows of plain data."""

    solution: Solution
    price_responses: tuple[dict[str, Any], ...]
    """Per plan and price: customers, revenue and contribution of the plan, and of the whole menu."""
    condition_costs: tuple[dict[str, Any], ...]
    """Per condition and move of its bound: the objective solved anew."""
    runners_up: tuple[dict[str, Any], ...]
    """Menus within 1 %: what differs, their value, how far behind."""
    segments: tuple[dict[str, Any], ...]
    """Per segment: change in consumer surplus per reached person and in customers against today."""
    free_tier: dict[str, Any]
    """What free customers cost, by segment, and what the menu would earn without them."""
    under_water: tuple[dict[str, Any], ...]
    """Usage classes that cost more than they bring."""
    sales_floors: tuple[dict[str, Any], ...]
    """Per plan and segment: the lowest fee at which a customer pays for himself, and at which a deal pays."""
    lever_responses: tuple[dict[str, Any], ...]
    """Caps of free plans and the budget's split along their ladders: what each brings, and what forbids it."""
    lever_map: tuple[dict[str, Any], ...]
    """The aim over the two levers that move it most."""
    ranges: MenuRanges | None
    """Figures of the menu over draws of all that is assumed; None where nothing is."""
    seconds: float
    case_model: CaseModel = field(repr=False)

    def titles(self) -> dict[str, str]:
        """Plan -> its title."""
        return {p.plan: p.title for p in self.solution.menu}

    def offers(self) -> Offers:
        """The chosen menu as plain data."""
        return {
            p.plan: {"offered": p.offered, "price": p.price, "allowances": p.allowances, "unit_prices": p.unit_prices,
                     "further_terms": p.further_terms}
            for p in self.solution.menu
        }  # fmt: skip

    def to_frame(self, what: str = "price_responses") -> pd.DataFrame:
        """One of the tables: price_responses, condition_costs, runners_up, segments, under_water,
        sales_floors, lever_responses, lever_map."""
        import pandas as pd

        return pd.DataFrame(list(getattr(self, what)))

    def frames(self) -> list[pd.DataFrame]:
        """Who gains and who loses."""
        return [self.to_frame("segments")]
