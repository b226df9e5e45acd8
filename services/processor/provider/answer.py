"""The shape of a chat completion, checked by hand: what a provider sends back is data, whatever it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from services.processor.provider.announced_limits import Told
from services.processor.provider.failures import FILTERED, MALFORMED, TRUNCATED, Failure

_LARGEST_COUNT = 2**31 - 1


#: Makes the texts that are kept of the model's words, or says why they cannot be used.
Reads = Callable[[str], tuple[str, ...] | Failure]


def whole(text: str) -> tuple[str, ...]:
    """Keep the model's words as they are."""
    return (text,)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of the model's words, and what they cost by the provider's own numbers."""

    texts: tuple[str, ...]
    input_tokens: int = 0
    output_tokens: int = 0
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """An answer that fails, with the tokens that it used all the same."""

    failure: Failure
    input_tokens: int = 0
    output_tokens: int = 0
    told: Told | None = None


class AsksProviders(Protocol):
    """Sends requests to providers."""

    async def ask(
        self, base_url: str, secret: bytes, body: Mapping[str, Any], *, account: str, read: Reads = whole
    ) -> Answer | Unusable: ...


def read_completion(body: bytes) -> Answer | Unusable:
    """Return the answer in a 200's body, or why there is none."""
    try:
        document = orjson.loads(body)
        choice = document["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text, refusal = message["content"], message.get("refusal")
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        return Unusable(MALFORMED)
    usage = document.get("usage")
    used = usage if isinstance(usage, dict) else {}
    tokens = _count(used.get("prompt_tokens")), _count(used.get("completion_tokens"))
    if finish == "length":
        return Unusable(TRUNCATED, *tokens)
    if finish == "content_filter" or (not text and isinstance(refusal, str) and refusal):
        return Unusable(FILTERED, *tokens)
    # A spreadsheet and most CSV readers choke on NUL, and no model means to write one.
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        return Unusable(MALFORMED, *tokens)
    return Answer((text,), *tokens)


def error_object(body: bytes) -> dict[str, object]:
    """Return the error object of a refusal's body; empty when there is none."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else {}


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_COUNT:
        return value
    return 0
