"""The tokens of a call: the provider's numbers, and estimates where it told none."""

from typing import NamedTuple

from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.failures import TRUNCATED
from services.processor.rows.requests import Requests
from services.processor.usage.tokens import tokens_of


class Used(NamedTuple):
    """Tokens of one call, and whether the model was asked at all."""

    input: int = 0
    output: int = 0
    is_estimated: bool = False
    is_accepted: bool = True


def counted(said: Answer | Unusable, prompt: str, requests: Requests) -> Used:
    """Return what a call used. A number that is missing is never taken for 0."""
    came, left = said.input_tokens, said.output_tokens
    made = said.made if isinstance(said, Unusable) else "".join(said.texts)
    if made is None:
        # The request was refused: no tokens are used unless the provider says so.
        return Used(came or 0, left or 0, is_accepted=False)
    is_estimated = came is None or left is None
    if came is None:
        came = tokens_of(prompt) + requests.overhead
    if left is None:
        is_cut = isinstance(said, Unusable) and said.failure == TRUNCATED
        left = requests.most_tokens if is_cut else tokens_of(made)
    return Used(came, left, is_estimated)
