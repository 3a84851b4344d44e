"""Terms by the year: who takes them at a discount, and how much less often they decide anew."""

from __future__ import annotations

import math


def take_up(share: float, discount: float, sensitivity: float | None, offered: float) -> float:
    """Share of customers who pay by the year at an offered discount, logistic through today's share and discount.

    Formula: 1 / (1 + (1 - share) / share x exp(-sensitivity x (offered - discount))); the share itself without a
    sensitivity. A share of 0 or 1 stays.

    >>> round(take_up(0.5, 0.1, 10.0, 0.2), 4)
    0.7311

    Unit: fraction. Source: binary logit through an observed share, Train (2009), ch. 2.8 (incremental logit).
    """
    if sensitivity is None or offered == discount or not 0.0 < share < 1.0:
        return share
    return 1.0 / (1.0 + (1.0 - share) / share * math.exp(min(-sensitivity * (offered - discount), 700.0)))


def deciding(share: float, before: float, factor: float) -> float:
    """What a plan's decision rate is multiplied by when the share paying by the year goes from ``before`` to ``share``.

    Formula: (1 - share (1 - factor)) / (1 - before (1 - factor)), factor the rate of who pays by the year over the
    other's; 1 at no change, so that the rate observed today is the mean of both.

    >>> deciding(0.75, 0.5, 0.5)
    0.8333333333333334

    Unit: 1. Source: mean of two groups.
    """
    return 1.0 if share == before else (1.0 - share * (1.0 - factor)) / (1.0 - before * (1.0 - factor))
