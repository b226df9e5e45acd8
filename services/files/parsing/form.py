"""The messages between the two processes, as JSON: a question, a parse, a refusal, a failure."""

from dataclasses import asdict
from typing import Any

import orjson

from services.common.errors import DomainError
from services.files import errors
from services.files.profiling.form import profile_of
from services.files.reading.dialect import Dialect, RequestedFormat
from services.files.reading.reader import Limits, Parsed

_REFUSALS: dict[str, type[DomainError]] = {
    each.reason: each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, DomainError)
}


def dump_question(limits: Limits, requested: RequestedFormat) -> bytes:
    """Return the limits and the requested format of a file, as one line."""
    return orjson.dumps([asdict(limits), asdict(requested)], option=orjson.OPT_APPEND_NEWLINE)


def load_question(line: bytes) -> tuple[Limits, RequestedFormat]:
    """Return the limits and the requested format that were dumped."""
    limits, requested = orjson.loads(line)
    return Limits(**limits), RequestedFormat(**requested)


def dump_parsed(parsed: Parsed) -> bytes:
    """Return a parse as bytes."""
    return orjson.dumps({"parsed": asdict(parsed)})


def dump_refusal(refusal: DomainError) -> bytes:
    """Return a refusal of a file as bytes."""
    return orjson.dumps({"refused": refusal.reason, "metadata": refusal.metadata})


def dump_failure(described: dict[str, Any], *, passing: bool) -> bytes:
    """Return a failure that is not the file's fault as bytes, and whether it may pass."""
    return orjson.dumps({"failed": described, "passing": passing})


class ParseFailed(Exception):
    """The other process met an error that is not the file's fault; `described` may be logged."""

    def __init__(self, described: dict[str, Any], *, passing: bool) -> None:
        super().__init__("a file could not be read")
        self.described = described
        self.passing = passing


def load_answer(content: bytes) -> Parsed:
    """Return the parse that was dumped; raise the refusal, or ParseFailed."""
    said = orjson.loads(content)
    if "failed" in said:
        raise ParseFailed(said["failed"], passing=said["passing"])
    if "refused" in said:
        raise _REFUSALS[said["refused"]](**said["metadata"])
    parsed = said["parsed"]
    dialect = parsed["dialect"]
    return Parsed(
        Dialect(**{**dialect, "omitted": tuple(dialect["omitted"])}),
        columns=tuple(parsed["columns"]),
        row_count=parsed["row_count"],
        index=tuple(parsed["index"]),
        profile=profile_of(parsed["profile"]),
        sample_line=parsed["sample_line"],
    )
