"""The messages between the two processes, as JSON: a question, a parse, a refusal, a failure."""

from dataclasses import asdict, dataclass
from typing import Any

import orjson

from services.common.errors import DomainError
from services.files import errors
from services.files.parsing.confinement import Confinement
from services.files.parsing.read_file import OtherwiseReadable, ReadFile
from services.files.profiling.form import profile_of
from services.files.reading.dialect import Dialect, RequestedFormat
from services.files.reading.reader import Limits, Parsed
from services.files.workbooks.table import TableLimits
from services.files.workbooks.workbook import SheetInfo, WorkbookLimits

_REFUSALS: dict[str, type[DomainError]] = {
    each.reason: each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, DomainError)
}


@dataclass(frozen=True, slots=True)
class Question:
    """How to read the file that follows: as a workbook, in the confinement, if there are limits of one."""

    limits: Limits
    requested: RequestedFormat
    workbook: WorkbookLimits | None = None
    confinement: Confinement | None = None


def dump_question(question: Question) -> bytes:
    """Return a question as one line."""
    return orjson.dumps(asdict(question), option=orjson.OPT_APPEND_NEWLINE)


def load_question(line: bytes) -> Question:
    """Return the question that was dumped."""
    said = orjson.loads(line)
    workbook, confinement = said["workbook"], said["confinement"]
    return Question(
        Limits(**said["limits"]),
        RequestedFormat(**said["requested"]),
        workbook and WorkbookLimits(**{**workbook, "table": TableLimits(**workbook["table"])}),
        confinement and Confinement(**confinement),
    )


def dump_parsed(parsed: Parsed) -> bytes:
    """Return a parse as bytes."""
    return orjson.dumps({"parsed": asdict(parsed)})


def dump_workbook(read: ReadFile, table_bytes: int) -> bytes:
    """Return a parse of a workbook as one line; the table itself follows it."""
    said = {
        "parsed": asdict(read.parsed),
        "sheets": [asdict(sheet) for sheet in read.sheets],
        "table_bytes": table_bytes,
    }
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)


def dump_refusal(refusal: DomainError, others: tuple[RequestedFormat, ...] = ()) -> bytes:
    """Return a refusal of a file as bytes, with options that may read it."""
    return orjson.dumps(
        {
            "refused": refusal.reason,
            "metadata": refusal.metadata,
            "others": [asdict(options) for options in others],
        }
    )


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
    return _parsed(orjson.loads(content))


def load_workbook(line: bytes) -> tuple[ReadFile, int]:
    """Return the parse of a workbook, and how many bytes of its table follow; raise as `load_answer` does."""
    said = orjson.loads(line)
    parsed = _parsed(said)
    return ReadFile(parsed, tuple(SheetInfo(**sheet) for sheet in said["sheets"])), said["table_bytes"]


def _parsed(said: dict[str, Any]) -> Parsed:
    if "failed" in said:
        raise ParseFailed(said["failed"], passing=said["passing"])
    if "refused" in said:
        refusal = _REFUSALS[said["refused"]](**said["metadata"])
        if said["others"]:
            raise OtherwiseReadable(refusal, tuple(RequestedFormat(**options) for options in said["others"]))
        raise refusal
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
