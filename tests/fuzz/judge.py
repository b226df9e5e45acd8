"""What every answer must be, whatever was sent: no fault of the server, and each refusal in the one shape."""

import json
import re
from functools import cache
from typing import Any

from gateway.errors import ERROR_INFO, SECURITY_HEADERS
from tests.fuzz.http import Received
from tests.reasons import domain_reasons, edge_reasons

#: What only the inside knows.
_INNER = re.compile(
    rb"Traceback|Unexpected <|google\.protobuf|DecodeError|Exception|grpc[-_. ]|psycopg|sqlalchemy|asyncio"
    rb"|site-packages|\.py\b|upstream connect|127\.0\.0\.1",
    re.IGNORECASE,
)
_NEVER_SENT = ("x-envoy", "grpc-", "x-http", "x-content-l", "server")


@cache
def known_reasons() -> frozenset[str]:
    """The reasons of docs/errors.md that answers can have."""
    return frozenset(reason.name for reason in (*domain_reasons(), *edge_reasons()))


def fault(answer: Received, *, head: bool = False) -> str:
    """Return what is wrong with an answer; empty if nothing is."""
    if answer.status >= 500:
        return f"status {answer.status}"
    if missing := [name for name, value in SECURITY_HEADERS.items() if answer.headers.get(name) != value]:
        return f"without {', '.join(missing)}"
    if inner := [name for name in answer.headers if name.startswith(_NEVER_SENT)]:
        return f"with the header {', '.join(inner)}"
    # A request that Envoy refuses before it has an id of ours keeps its own, and gets it back.
    said = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    if odd := [name for name, value in said.items() if not (name + value).isascii()]:
        return f"bytes that are not ASCII in {', '.join(odd)}"
    if answer.status < 400:
        return _fault_of_success(answer)
    return _fault_of_refusal(answer, head=head)


def _fault_of_success(answer: Received) -> str:
    kind = answer.headers.get("content-type", "")
    if not answer.whole and kind != "text/event-stream":
        return "content that is cut off"
    if answer.content and kind == "application/json":
        try:
            json.loads(answer.content.decode())
        except ValueError:
            return "content that is no JSON in UTF-8"
    return ""


def _fault_of_refusal(answer: Received, *, head: bool) -> str:
    if answer.headers.get("content-type") != "application/json":
        return f"a refusal of the type {answer.headers.get('content-type')}"
    if head:
        return "" if answer.headers.get("content-length") != "0" else "a refusal of no length"
    try:
        said = json.loads(answer.content.decode(), object_pairs_hook=_once)
    except ValueError:
        return "a refusal that is no JSON in UTF-8"
    if inner := _INNER.search(answer.content):
        return f"inner words: {inner[0].decode()}"
    return _fault_of_shape(said)


def _fault_of_shape(said: Any) -> str:
    if not isinstance(said, dict) or said.keys() != {"code", "message", "details"}:
        return "a refusal of another shape"
    if type(said["code"]) is not int or not isinstance(said["message"], str) or not said["message"]:
        return "a refusal without a code or a message"
    infos = [detail for detail in said["details"] if detail.get("@type") == ERROR_INFO]
    if len(infos) != 1 or infos[0].get("domain") != "smelt":
        return "a refusal without its ErrorInfo"
    return "" if infos[0].get("reason") in known_reasons() else f"the reason {infos[0].get('reason')}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)
