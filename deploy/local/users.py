"""A user of the system by number."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """An unprivileged user to run a child as; it has no account, and the name is the launcher's own."""

    name: str
    uid: int
    gid: int
