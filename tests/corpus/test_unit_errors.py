"""Numbers entered in a wrong unit: the figures that the company reported give them away."""

from __future__ import annotations

from typing import Any

import pytest

from optimizer.model.case_model import check_case

# numbers beyond all measure overflow on the way to being refused
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

FACTORS = (12.0, 100.0, 1e3, 1e6, 1 / 12.0, 1 / 100.0, 1e-3, 1e-6)
ACCOUNTS = (
    "today.plans.plus.customers",
    "today.plans.team.customers",
    "today.plans.api.customers",
    "plans.plus.price",
    "plans.team.price",
    "plans.api.unit_prices.large",
    "segments.individuals.usage.requests",
    "segments.developers.usage.requests",
    "ai_models.large.input_tokens",
    "ai_models.large.output_tokens",
    "ai_models.large.decode",
    "ai_models.large.prefill",
    "pools.main.price",
    "pools.main.capacity.reserved",
    "today.observed.0.value",
    "today.observed.1.value",
)
"""Numbers that today's accounts are made of."""


def flagged(company: Any, path: str, factor: float) -> bool:
    """Whether the check of a company with one number off by a factor finds an error."""
    before = company.numbers.read_bytes()
    company.scale(path, factor)
    findings = check_case(company.case)
    company.numbers.write_bytes(before)
    return any(f.severity == "error" for f in findings)


def test_unit_errors_in_what_accounts_are_made_of_are_flagged(company: Any) -> None:
    tried = [(path, FACTORS[k % 3]) for k, path in enumerate(ACCOUNTS)]
    missed = [(path, factor) for path, factor in tried if not flagged(company, path, factor)]
    assert len(missed) <= 0.1 * len(tried), missed


@pytest.mark.full
def test_unit_errors_in_any_number_of_the_market(company: Any) -> None:
    """Four of five anywhere, though much of a market does not show in today's accounts."""
    paths = [row["path"] for row in company.rows() if float(row["value"]) != 0.0]
    missed = [(path, factor) for path in paths for factor in FACTORS[:4] if not flagged(company, path, factor)]
    assert len(missed) <= 0.2 * 4 * len(paths), missed


@pytest.mark.full
def test_unit_errors_anywhere_in_the_accounts(company: Any) -> None:
    """The same with every factor, both ways."""
    missed = [(path, factor) for path in ACCOUNTS for factor in FACTORS if not flagged(company, path, factor)]
    assert len(missed) <= 0.1 * len(FACTORS) * len(ACCOUNTS), missed


def test_a_year_for_a_month_is_named(company: Any, call: Any) -> None:
    company.scale("today.observed.0.value", 12.0)
    told = call("check", company.case, "--json").json
    assert any("a year taken for a month" in row["message"] for row in told["findings"])


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_small_corrections_are_not_flagged(factor: float, company: Any) -> None:
    """No false alarm where a number is a little different."""
    for path in ("plans.plus.decision_rate", "segments.teams.potential", "plans.team.support_cost", "go_to_market.budget"):
        assert not flagged(company, path, factor), path
