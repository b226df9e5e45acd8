"""A row's result as it is stored: numbers are plain, everything that comes from people is sealed."""

from dataclasses import dataclass
from typing import Protocol

#: States of a row: some steps are done; all steps are done; the row failed for good.
UNDER_WAY = 0
SUCCEEDED = 1
FAILED = 2


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row's stored result."""

    row: int
    state: int
    attempts: int
    reason: str
    flags: int
    confidence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class NewResult:
    """A result on its way into the database."""

    row: int
    state: int
    attempts: int
    reason: str
    flags: int
    confidence: int
    payload: bytes
    input_tokens: int
    output_tokens: int
    #: The model of the step that ended with this result, and the step's cost in billionths of a US dollar.
    model: str
    cost_nanos: int
    #: The answer as it is stored for identical prompts: its code, and the sealed texts.
    kept: tuple[bytes, bytes] | None = None
    #: Whether some of the tokens are estimated.
    is_estimated: bool = False


class ReadsResults(Protocol):
    """Reads results of rows."""

    async def between(self, job: str, first: int, last: int) -> list[StoredRow]:
        """Return the finished rows of a range, in order."""
        ...
