"""Requests: an operation as its contract has it, with one part or several bent."""

import random

from tests.fuzz.http import Sent
from tests.fuzz.material import Material
from tests.fuzz.operations import Operation, operations

_JSON = b"application/json"
_TYPES = (
    _JSON, b"application/json; charset=utf-8", b"application/json; charset=latin-1", b"text/csv",
    b"text/plain", b"multipart/form-data; boundary=b", b"multipart/form-data",
    b"multipart/form-data; boundary=\xff", b"\xe9/\xff", b"text/csv; name=\xc3\xa9", b"application/grpc",
    b"application/json\xff", b"", b"a" * 3000,
)  # fmt: skip
_FORM = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n'
    b"Content-Type: %b\r\n\r\nName\nAda\n\r\n--b--\r\n"
)
#: Headers that become metadata of a call, or fields of messages, and some that do not.
_HEADERS = (
    b"User-Agent", b"Idempotency-Key", b"Range", b"If-Range", b"X-Request-Id", b"Accept", b"Cookie",
    b"X-Unknown", b"Accept-Encoding", b"Forwarded", b"X-Smelt-Passport", b"Grpc-Timeout", b"Te",
    b"X-Http-Status", b"Origin", b"If-None-Match", b"X-Http-Method-Override", b"Traceparent",
)  # fmt: skip
_HEADER_VALUES = (
    b"",
    b"a",
    b"bytes=0-1",
    b"bytes=-1",
    b"bytes=9-1,3-",
    b"a" * 300,
    b"\t",
    b"1S",
    b"trailers",
    b'"a"',
    b"500",
)
_OTHER_METHODS = (b"HEAD", b"PUT", b"OPTIONS", b"TRACE", b"GET", b"POST", b"PATCH", b"DELETE")


class Requests:
    """An endless supply of requests, the same ones for the same seed and resources.

    Most have one bent part only, because a request is refused at the first fault that is found.
    """

    def __init__(self, dice: random.Random, names: dict[str, list[str]]) -> None:
        self._dice = dice
        self._material = Material(dice, names)
        self._bent = "nothing"

    def next(self, token: str) -> Sent:
        self._bent = self._dice.choice(("path", "query", "headers", "body", "body", "everything", "nothing"))
        operation = self._dice.choice(operations())
        headers = [(b"Authorization", self._authorisation(token)), *self._headers()]
        content, kind = self._content(operation)
        if content is not None:
            headers.append((b"Content-Type", kind))
        method = operation.method.encode()
        if self._bends("path") and self._material.chance(0.2):
            method = self._dice.choice(_OTHER_METHODS)
        return Sent(method, self._target(operation), tuple(headers), content, operation.name)

    def _bends(self, part: str) -> bool:
        return self._bent in (part, "everything")

    def _authorisation(self, token: str) -> bytes:
        good = b"Bearer " + token.encode()
        if not self._bends("headers") or self._material.chance(0.8):
            return good
        bent = (good + b"==", good + b"=", good + b".", good[:-1], good.replace(b".", b"..", 1))
        others = (b"Bearer smelt_pat_\xff", b"Basic \xff", b"Bearer", b"", b"Bearer e30.e30.e30")
        return self._dice.choice((*bent, *others, b"Bearer " + self._material.raw()))

    def _target(self, operation: Operation) -> bytes:
        bend = self._bends("path")
        target = operation.pieces[0].encode()
        for collection, piece in zip(operation.collections, operation.pieces[1:], strict=True):
            id_ = self._material.id(collection)
            if bend:
                id_ = self._dice.choice(
                    (self._material.escaped(), id_ + self._material.escaped(), self._material.raw())
                )
            target += id_ + piece.encode()
        if bend and self._material.chance(0.2):
            target += self._dice.choice(
                (b"/", b"/a", b":a", b";a=b", b"#a", b"//", b"/..", b"/%2e%2e/a", self._material.escaped())
            )
        query = b"&".join(self._parameters(operation))
        # A space or an end of line would end the address, and what follows would be another request.
        return (target + (b"?" + query if query else b"")).translate(None, b" \r\n")

    def _parameters(self, operation: Operation) -> list[bytes]:
        bend = self._bends("query")
        fields = [
            field.name.encode() for field in operation.query if self._material.chance(0.5 if bend else 0.1)
        ]
        if bend and self._material.chance(0.2):
            fields.append(self._dice.choice((b"", b"a", self._material.escaped(), b"a.b", b"page_size")))
        if not bend:
            return [name + b"=" + self._dice.choice((b"1", b"a", b"")) for name in fields]
        return [
            name
            + self._dice.choice((b"=", b"=", b"=", b""))
            + (self._material.escaped() if self._material.chance(0.8) else self._material.raw())
            for name in fields
        ]

    def _headers(self) -> list[tuple[bytes, bytes]]:
        found = []
        while self._bends("headers") and self._material.chance(0.7):
            value = (
                self._material.raw().strip()
                if self._material.chance(0.5)
                else self._dice.choice(_HEADER_VALUES)
            )
            found.append((self._dice.choice(_HEADERS), value))
        return found

    def _content(self, operation: Operation) -> tuple[bytes | None, bytes]:
        material, bend = self._material, self._bends("body")
        if operation.is_upload:
            kind = self._dice.choice(_TYPES) if bend or self._bends("headers") else b"text/csv"
            form = _FORM % (material.raw(), material.raw())
            plain = self._dice.choice(
                (b"Name\nAda\n", b"", b"\xff\xfe", b"Name\n\x00\n", b'a,b\n"', material.raw())
            )
            content = form if kind.startswith(b"multipart") else plain if bend else b"Name\nAda\n"
            return material.bent(content) if bend and material.chance(0.3) else content, kind
        if operation.body is None:
            return (b"{}", _JSON) if bend and material.chance(0.2) else (None, b"")
        content = material.json(
            operation.body, wild=0.25 if bend and material.chance(0.5) else 0.05 if bend else 0.0
        )
        if bend and material.chance(0.3):
            content = material.bent(content)
        kind = self._dice.choice(_TYPES) if self._bends("headers") and material.chance(0.2) else _JSON
        return content, kind
