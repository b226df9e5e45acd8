"""Which of an account's jobs a list has."""

import re
from dataclasses import dataclass

from services.common.errors import DomainError, Kind
from services.processor.jobs.job import State


class JobFilterInvalid(DomainError):
    reason = "FILTER_INVALID"
    kind = Kind.INVALID
    message = "The filter must be `state = ...`, `file = files/...`, or both joined by AND"


_CLAUSE = re.compile(r"(state|file)\s*=\s*(\"?)(files/[a-z0-9]{1,64}|[A-Z]+)\2")
_AND = re.compile(r"\s+AND\s+")


@dataclass(frozen=True, slots=True)
class JobFilter:
    """The state and the file of the jobs that are wanted; None for any."""

    state: State | None = None
    file: str | None = None


def parse_filter(text: str) -> JobFilter:
    """Return what a filter asks for: `state = RUNNING AND file = files/abc`; raise JobFilterInvalid."""
    state: State | None = None
    file: str | None = None
    for clause in _AND.split(text.strip()) if text.strip() else ():
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise JobFilterInvalid
        field, value = found[1], found[3]
        if field == "state" and state is None and value in State.__members__:
            state = State[value]
        elif field == "file" and file is None and value.startswith("files/"):
            file = value
        else:
            raise JobFilterInvalid
    return JobFilter(state, file)
