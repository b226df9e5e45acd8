"""A profile as JSON, the form in which it is sealed."""

from dataclasses import asdict
from typing import Any

import orjson

from services.files.profiling.column_types import ColumnType, Guess
from services.files.profiling.profile import ColumnProfile, Profile
from services.files.profiling.value_kinds import ValueKind


def dump(profile: Profile) -> bytes:
    """Return a profile as bytes."""
    return orjson.dumps(asdict(profile))


def load(content: bytes) -> Profile:
    """Return the profile that was dumped."""
    return profile_of(orjson.loads(content))


def profile_of(said: dict[str, Any]) -> Profile:
    """Return the profile in decoded JSON, which is emptied."""
    columns = tuple(_column(column) for column in said.pop("columns"))
    return Profile(columns=columns, **said)


def _column(said: dict[str, Any]) -> ColumnProfile:
    found = said.pop("guess")
    guess = Guess(ColumnType(found["type"]), found["confidence"]) if found else None
    # Profiles of earlier releases say nothing of it.
    kind = said.pop("value_kind", None)
    return ColumnProfile(
        guess=guess,
        samples=tuple(said.pop("samples")),
        value_kind=ValueKind(kind) if kind else None,
        **said,
    )
