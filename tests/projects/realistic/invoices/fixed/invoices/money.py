"""Amounts of money."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def rounded(amount: Decimal) -> Decimal:
    """An amount in whole cents, as merchants round: half a cent is rounded up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def split(amount: Decimal, parts: int) -> list[Decimal]:
    """Parts of an amount in whole cents that add up to it. Where they cannot all be equal they
    differ by one cent, and the greater ones come first.

    Raises:
        ValueError: there is no part, or the amount is negative.
    """
    if parts < 1 or amount < 0:
        raise ValueError("an amount of at least nothing is split into at least one part")
    share, rest = divmod(int(amount / CENT), parts)
    return [CENT * (share + (number < rest)) for number in range(parts)]
