"""The door that a provider's words must pass before they are kept or shown: none of them shows the API key.

It stands after decoding, where escapes have become letters and JSON has become columns.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.common.aside import TooCostly, aside
from services.processor.provider.answer import LOOP_CHARACTERS, Answer, Reads, Unusable, read_completion
from services.processor.provider.dialect import refusals, words
from services.processor.provider.disguises import Disguises
from services.processor.provider.failures import KEY_ECHOED, MALFORMED, UNCHECKED, Failure

#: Processor time for one answer: several times what the largest one needs that is all escapes of escapes.
_CPU_SECONDS = 2.0
#: Larger bodies are read beside the event loop.
LOOP_BYTES = 64 * 1024
#: Ids become parts of addresses, so they have neither slashes nor dots in front.
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,199}")


async def let_answer_pass(
    body: bytes,
    request: Mapping[str, Any],
    *,
    secret: bytes,
    account: str,
    read: Reads,
    quick: int = LOOP_CHARACTERS,
) -> Answer | Unusable:
    """Return the answer to a request, with the texts that `read` makes of it, unless they show the key.

    A large body, and a text with more than `quick` characters, is read beside the event loop.
    """
    try:
        said = await _read(body, request, secret=secret, account=account)
    except TooCostly:
        return Unusable(MALFORMED)
    if isinstance(said, Unusable):
        return replace(said, failure=_shown(said.failure, secret)) if said.failure.said else said
    (text,) = said.texts
    if len(text) <= min(quick, LOOP_CHARACTERS):
        passed = _passed(text, secret, read)
    else:
        try:
            passed = await aside(
                lambda: _passed(text, secret, read), account=account, cpu_seconds=_CPU_SECONDS
            )
        except TooCostly:
            passed = UNCHECKED
    if isinstance(passed, Failure):
        return Unusable(passed, said.input_tokens, said.output_tokens, said.told, made=text)
    return replace(said, texts=passed)


async def _read(body: bytes, request: Mapping[str, Any], *, secret: bytes, account: str) -> Answer | Unusable:
    def read() -> Answer | Unusable:
        return read_completion(body, request, hide=lambda word: Disguises(secret.decode("ascii")).hide(word))

    return read() if len(body) <= LOOP_BYTES else await aside(read, account=account)


def let_refusal_pass(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    secret: bytes,
    now: datetime,
    request: Mapping[str, Any],
) -> Failure:
    """Return what a refusal of a request means. Its words are shown unless they have to do with the key."""
    failure = refusals.judge(
        status,
        body,
        headers,
        now,
        sent=refusals.parts_of(request),
        model=str(request.get("model", "")),
        hide=Disguises(secret.decode("ascii")).hide,
    )
    return _shown(failure, secret)


def let_id_pass(text: object, secret: bytes) -> str:
    """Return an id that a provider gave to something, empty unless it is one and does not show the key."""
    if not isinstance(text, str) or not _ID.fullmatch(text):
        return ""
    return "" if Disguises(secret.decode("ascii")).are_in(text) else text


def let_failure_pass(failure: Failure, secret: bytes) -> Failure:
    """Return a failure whose words, which are a provider's own, show nothing of the key."""
    return _shown(failure, secret)


def _shown(failure: Failure, secret: bytes) -> Failure:
    """Return a failure whose words are short, printable, and without anything like a key."""
    if not failure.said:
        return failure
    disguises = Disguises(secret.decode("ascii"))
    if disguises.are_in(failure.said[: words.READ_CHARACTERS]):
        return replace(failure, said=words.REMOVED)
    said = words.shown(failure.said, hide=disguises.hide)
    return replace(failure, said=words.REMOVED if disguises.are_in(said) else said)


def _passed(text: str, secret: bytes, read: Reads) -> tuple[str, ...] | Failure:
    kept = read(text)
    # Of an answer that does not fit, a message may name parts; they are cut, and so would be a key in them.
    # Texts are joined, because a key can be divided among them.
    shown = text if isinstance(kept, Failure) else "\n".join(kept)
    return KEY_ECHOED if Disguises(secret.decode("ascii")).are_in(shown) else kept
