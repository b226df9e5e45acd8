"""Amounts of money, as people have them at hand, and as the API takes them: decimal numbers in a text."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from .errors import InvalidText

#: US dollars. A float is read as it is printed: 0.1 is ten cents.
Money = str | int | float | Decimal


def usd(amount: Money | None) -> str | None:
    """Return an amount as the API takes it; raise InvalidText for what is no amount."""
    if amount is None:
        return None
    try:
        read = Decimal(str(amount).strip())
    except InvalidOperation:
        raise InvalidText(f"{amount!r} is not an amount in US dollars, such as 2.50") from None
    if not read.is_finite() or isinstance(amount, bool):
        raise InvalidText(f"{amount!r} is not an amount in US dollars, such as 2.50")
    return f"{read:f}"
