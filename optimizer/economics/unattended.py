"""Customers with a second stream of requests that runs without a person."""

from __future__ import annotations

from optimizer.typing import Array


def with_and_without(potential: Array, share: float) -> tuple[Array, Array]:
    """The customers of each type without and with an unattended stream: N (1 - share) and N share.

    Index: (I,) each. Unit: customers. Source: two classes, as in a zero-inflated (hurdle) model of use
    (Mullahy, Specification and testing of some modified count data models, 1986).
    """
    return potential * (1.0 - share), potential * share


def together(attended: Array, unattended: Array) -> Array:
    """Requests of a customer who has both streams: what he asks for and what runs without him.

    Index: (K,) usage classes, those of both streams alike. Unit: requests/month. Source: definition; the heaviest
    users of one stream are those of the other (comonotone).
    """
    return attended + unattended
