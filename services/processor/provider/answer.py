"""What a call came to: the model's words, or why there are none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from services.processor.outside import Released
from services.processor.provider.announced_limits import Told
from services.processor.provider.dialect import completion, refusals
from services.processor.provider.dialect.clues import clues_in
from services.processor.provider.failures import (
    BROKEN_OFF,
    FILTERED,
    MALFORMED,
    TRUNCATED,
    TRUNCATED_THINKING,
    Failure,
    Verdict,
)

#: Longer answers are read beside the event loop. To look through as many characters takes two milliseconds
#: at worst, when all of them are escapes.
LOOP_CHARACTERS = 8192
#: Makes the texts that are kept of the model's words, or says why they cannot be used.
Reads = Callable[[str], tuple[str, ...] | Failure]


def whole(text: str) -> tuple[str, ...]:
    """Keep the model's words as they are."""
    return (text,)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of the model's words, and what they used."""

    texts: tuple[str, ...]
    #: None where the provider told no number.
    input_tokens: int | None = None
    output_tokens: int | None = None
    told: Told | None = None
    #: Whether the text came with thinking, which was taken off.
    had_thinking: bool = False
    #: The reason of the answer's end, if it is none that is known.
    unknown_finish: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """An answer that fails, with the tokens that it used all the same."""

    failure: Failure
    input_tokens: int | None = None
    output_tokens: int | None = None
    told: Told | None = None
    #: The text that the model made, if the request was accepted; None if it was refused.
    made: str | None = field(default=None, repr=False, compare=False)


class AsksProviders(Protocol):
    """Sends requests to providers."""

    async def ask(
        self,
        key: Released,
        body: Mapping[str, Any],
        *,
        account: str,
        read: Reads = whole,
        quick: int = LOOP_CHARACTERS,
    ) -> Answer | Unusable: ...


def read_completion(
    body: bytes, request: Mapping[str, Any] | None = None, *, hide: Callable[[str], bool] = refusals.never
) -> Answer | Unusable:
    """Return the answer in a 200's body, or why there is none; `request` is what was sent.

    `hide` says of the provider's code for an error in it that it must not be shown.
    """
    said = completion.said_by(body)
    counts = said.counts.input_tokens, said.counts.output_tokens
    if said.error is not None:
        return Unusable(_inner_failure(said.error, request or {}, hide), *counts)
    if said.is_unreadable:
        return Unusable(MALFORMED, *counts, made="" if counts[1] else None)
    if said.finish in completion.CUT_OFF:
        # Thinking comes apart from the answer, or was taken off it: then nothing is left.
        cut = TRUNCATED if said.text.strip() else TRUNCATED_THINKING
        return Unusable(cut, *counts, made=said.text)
    if said.finish in completion.FILTERED or said.is_refusal:
        return Unusable(FILTERED, *counts, made=said.text)
    if said.finish in completion.BROKEN_OFF:
        return Unusable(BROKEN_OFF, *counts, made=said.text)
    # A spreadsheet and most CSV readers choke on NUL, and no model means to write one.
    if not said.text.strip() or "\0" in said.text:
        return Unusable(MALFORMED, *counts, made=said.text)
    unknown = "" if said.finish in completion.WHOLE else said.finish
    return Answer((said.text,), *counts, had_thinking=said.had_thinking, unknown_finish=unknown)


def _inner_failure(error: object, request: Mapping[str, Any], hide: Callable[[str], bool]) -> Failure:
    """Return what an error inside a 200 means: the status that it names, or else what its words mean."""
    clues = clues_in(orjson.dumps(error))
    now, sent, model = datetime.now(UTC), refusals.parts_of(request), str(request.get("model", ""))
    if clues.status is not None:
        return refusals.meaning(clues.status, clues, {}, now, sent=sent, model=model, hide=hide)
    found = refusals.meaning(400, clues, {}, now, sent=sent, model=model, hide=hide)
    if found.verdict is Verdict.ROW_FAILS and found.is_unspecific and not found.parts:
        return refusals.meaning(500, clues, {}, now, sent=sent, model=model, hide=hide)
    return found
