"""A what-if study: prices tried one by one, then the trade-off behind them, then rivals that move.

Run it with: python what_if_study.py
"""

from __future__ import annotations

import pandas as pd

import optimizer
from optimizer.schema.case import Change, Scenario

TODAY = "assistant-startup-today"  # today's menu; nothing is optimised
CASE = "assistant-startup-margin"  # the menu with the most contribution margin
SHOWN = ["contribution_margin", "revenue", "market_share", "paying_customers", "gross_margin_rate"]


def try_prices() -> pd.DataFrame:
    """What if Plus cost this much and nothing else changed?"""
    rows = {}
    for price in (15, 18, 20, 22, 25, 30):
        solution = optimizer.evaluate_case(TODAY, sets={"plans.plus.price": price})
        rows[price] = {name: solution.figure(name) for name in SHOWN}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("price of Plus, usd/month")


def told(value: float) -> str:
    """Whole numbers where they are large, four digits where they are small."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def main() -> None:
    pd.set_option("display.width", 140, "display.max_columns", 12, "display.float_format", told)

    print("One price at a time\n")
    print(try_prices(), "\n")

    print("What market share costs in margin: five proven menus\n")
    frontier = optimizer.frontier_case(CASE, "market_share", "contribution_margin", points=5)
    shown = ["market_share", "contribution_margin", "price_plus", "price_team", "gap", "verdict"]
    print(frontier.to_frame()[shown])
    print(f"\nThe true frontier lies at most {frontier.room:,.0f} usd/month above these steps.\n")

    print("If rivals move: each scenario's best menu in every other one\n")
    scenarios = {
        "as stated": Scenario(changes={}, weight=2.0),
        "rivals halve": Scenario(changes={"alternatives.big_*.price": Change(times=0.5)}),
        "GPUs dearer": Scenario(changes={"pools.main.price": Change(times=1.3)}),
    }
    comparison = optimizer.compare_case(CASE, scenarios=scenarios)
    print(comparison.to_frame("value"), "\n")
    print(comparison.to_frame("regret"), "\n")
    print(comparison.to_frame("feasible"), "\n")
    print(f"Least to regret: {comparison.least_regret}. Best on average: {comparison.best_expected}.")


if __name__ == "__main__":
    main()
