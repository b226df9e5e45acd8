"""How what one process has read of a file comes to another: as JSON, and so does a refusal."""

from dataclasses import asdict
from typing import Any

import orjson

from services.common.errors import DomainError
from services.files import errors
from services.files.profiling.form import profile_of
from services.files.reading.format import RequestedFormat
from services.files.reading.reader import Dialect, Limits, Parsed

_REFUSALS: dict[str, type[DomainError]] = {
    each.reason: each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, DomainError)
}


def dump_question(limits: Limits, requested: RequestedFormat) -> bytes:
    """Return how a file is to be read, as one line."""
    return orjson.dumps([asdict(limits), asdict(requested)], option=orjson.OPT_APPEND_NEWLINE)


def load_question(line: bytes) -> tuple[Limits, RequestedFormat]:
    """Return how a file is to be read."""
    limits, requested = orjson.loads(line)
    return Limits(**limits), RequestedFormat(**requested)


def dump_parsed(parsed: Parsed) -> bytes:
    """Return what a file is."""
    return orjson.dumps({"parsed": asdict(parsed)})


def dump_refusal(refusal: DomainError) -> bytes:
    """Return what is wrong with a file."""
    return orjson.dumps({"refused": refusal.reason, "metadata": refusal.metadata})


def dump_failure(described: dict[str, Any], *, passing: bool) -> bytes:
    """Return what went wrong that is not the file's fault, and whether another time it may go well."""
    return orjson.dumps({"failed": described, "passing": passing})


class ParseFailed(Exception):
    """The other process met an error that is not the file's fault; `described` may be logged."""

    def __init__(self, described: dict[str, Any], *, passing: bool) -> None:
        super().__init__("a file could not be read")
        self.described = described
        self.passing = passing


def load_answer(content: bytes) -> Parsed:
    """Return what a file is; raise what is wrong with it, or ParseFailed."""
    said = orjson.loads(content)
    if "failed" in said:
        raise ParseFailed(said["failed"], passing=said["passing"])
    if "refused" in said:
        raise _REFUSALS[said["refused"]](**said["metadata"])
    parsed = said["parsed"]
    return Parsed(
        Dialect(**parsed["dialect"]),
        columns=tuple(parsed["columns"]),
        row_count=parsed["row_count"],
        index=tuple(parsed["index"]),
        profile=profile_of(parsed["profile"]),
    )
