"""The tokens of a call: the provider's numbers, and estimates where it told none."""

from typing import NamedTuple

from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.failures import BROKEN_OFF, FILTERED, MALFORMED, TRUNCATED
from services.processor.rows.requests import Requests
from services.processor.usage.tokens import tokens_of

# Failures of answers that were made, and are paid for.
_MADE = (TRUNCATED, FILTERED, BROKEN_OFF, MALFORMED)


class Used(NamedTuple):
    """Tokens of one call."""

    input: int = 0
    output: int = 0
    is_estimated: bool = False


def counted(said: Answer | Unusable, prompt: str, requests: Requests) -> Used:
    """Return what a call used. A number that is missing is never taken for 0."""
    came, left = said.input_tokens, said.output_tokens
    if came is not None and left is not None:
        return Used(came, left)
    if isinstance(said, Unusable) and said.failure not in _MADE:
        # The request was refused: no tokens are used unless the provider says so.
        return Used(came or 0, left or 0)
    if came is None:
        came = tokens_of(prompt) + requests.overhead
    if left is None:
        left = _answered(said, requests)
    return Used(came, left, is_estimated=True)


def _answered(said: Answer | Unusable, requests: Requests) -> int:
    if isinstance(said, Answer):
        return tokens_of(said.text)
    # Of a text that was cut off, the limit is known; of the others nothing is.
    return requests.most_tokens if said.failure == TRUNCATED else 0
