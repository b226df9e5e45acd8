"""Parameters of which every run takes a few and the long form takes all."""

from collections.abc import Iterable
from typing import Any

import pytest


def first(count: int, values: Iterable[Any]) -> list[Any]:
    """Mark all but the first `count` parameters as long."""
    return [
        value if number < count else pytest.param(*_all_of(value), marks=pytest.mark.long)
        for number, value in enumerate(values)
    ]


def _all_of(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
