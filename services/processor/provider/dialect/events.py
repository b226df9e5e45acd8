"""Server-sent events, which some servers send although no stream was asked for, put together again."""

from collections.abc import Iterator
from typing import Any

from services.processor.provider.dialect.documents import document

_MOST_EVENTS = 200_000


def looks_like_events(body: bytes) -> bool:
    """Whether a body is a stream of events rather than one document."""
    return body[:512].lstrip(b"\xef\xbb\xbf \r\n").startswith((b"data:", b"event:", b"id:", b"retry:", b":"))


def put_together(body: bytes) -> dict[str, Any] | None:
    """Return the answer that the events amount to; None if one of them cannot be read."""
    texts: list[str] = []
    thoughts: list[str] = []
    refusals: list[str] = []
    answer: dict[str, Any] = {}
    finish: object = None
    whole = False
    for event in _documents(body):
        if not isinstance(event, dict):
            return None
        if event.get("error"):
            return event
        if event.get("usage"):
            answer["usage"] = event["usage"]
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict) or choice.get("index") not in (None, 0):
            continue
        whole = True
        part = choice.get("delta") or choice.get("message")
        if isinstance(part, dict):
            _add(texts, part.get("content"))
            _add(thoughts, part.get("reasoning_content") or part.get("reasoning"))
            _add(refusals, part.get("refusal"))
        finish = choice.get("finish_reason") or finish
        if choice.get("error"):
            answer["error"] = choice["error"]
    if not whole:
        return None
    message = {
        "content": "".join(texts),
        "reasoning": "".join(thoughts),
        "refusal": "".join(refusals) or None,
    }
    return answer | {"choices": [{"message": message, "finish_reason": finish}]}


def _add(texts: list[str], said: object) -> None:
    if isinstance(said, str):
        texts.append(said)
    elif isinstance(said, list):
        texts += [
            part["text"] for part in said if isinstance(part, dict) and isinstance(part.get("text"), str)
        ]


def _documents(body: bytes) -> Iterator[object]:
    """Yield the documents of events; an unreadable one is yielded as None."""
    seen = 0
    for event in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n"):
        data = b"\n".join(
            line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")
        )
        if not data or data.strip() == b"[DONE]":
            continue
        seen += 1
        if seen > _MOST_EVENTS:
            yield None
            return
        read = document(data)
        yield read
        if read is None:
            return
