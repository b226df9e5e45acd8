"""The lines of a batch: those that are sent, one for each row, and those that come back, in any order."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

_NAME = re.compile(r"(\d{1,10})-(\d{1,3})")


def request_line(row: int, step: int, body: Mapping[str, Any]) -> bytes:
    """Return the line that sends a row's step."""
    return (
        orjson.dumps(
            {
                "custom_id": f"{row}-{step}",
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": body,
            }
        )
        + b"\n"
    )


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """A line that came back: what it is for, and the status and body of the answer.

    The status is 0 for a request that was not answered at all, because the batch expired or was cancelled.
    """

    row: int
    step: int
    status: int
    body: bytes


def answer_line(line: bytes) -> AnswerLine | None:
    """Return what a line says; None if it is no answer to anything."""
    try:
        said = orjson.loads(line)
    except ValueError:
        return None
    name = _NAME.fullmatch(said["custom_id"]) if _has_name(said) else None
    if name is None:
        return None
    row, step, response = int(name[1]), int(name[2]), said.get("response")
    status = response.get("status_code") if isinstance(response, dict) else None
    if type(status) is not int or not 100 <= status <= 599:
        return AnswerLine(row, step, 0, b"")
    return AnswerLine(row, step, status, orjson.dumps(response.get("body")))


def _has_name(said: object) -> bool:
    return isinstance(said, dict) and isinstance(said.get("custom_id"), str)


class Cutter:
    """Cuts pieces into lines; a line of more bytes than `most` is left out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun = bytearray()
        self._is_too_long = False

    def cut(self, piece: bytes) -> Iterator[bytes]:
        """Yield the lines that a piece completes."""
        *ends, rest = piece.split(b"\n")
        for end in ends:
            self._add(end)
            line, self._begun = self._begun, bytearray()
            if line.strip() and not self._is_too_long:
                yield bytes(line)
            self._is_too_long = False
        self._add(rest)

    def end(self) -> Iterator[bytes]:
        """Yield the last line, if it has no end."""
        if self._begun.strip() and not self._is_too_long:
            yield bytes(self._begun)

    def _add(self, part: bytes) -> None:
        if len(self._begun) + len(part) > self._most:
            self._is_too_long = True
            self._begun.clear()
        if not self._is_too_long:
            self._begun += part
