"""The tokens that an answer used, by the provider's own numbers or, where they are missing, by estimate."""

from collections.abc import Mapping
from dataclasses import dataclass

_LARGEST_COUNT = 2**31 - 1
_INPUT = ("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_eval_count")
_OUTPUT = ("completion_tokens", "output_tokens", "candidatesTokenCount", "eval_count")
_TOTAL = ("total_tokens", "totalTokenCount")
_THOUGHT = ("reasoning_tokens", "thoughtsTokenCount")


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens; None where the provider told no number."""

    input_tokens: int | None = None
    #: What is billed as output, thinking included.
    output_tokens: int | None = None


NO_COUNTS = Counts()


def counts_in(document: Mapping[str, object]) -> Counts:
    """Return the counts that an answer's `usage` tells."""
    usage = document.get("usage", document.get("usageMetadata"))
    if not isinstance(usage, Mapping):
        return Counts()
    came, left, total = (_first(usage, names) for names in (_INPUT, _OUTPUT, _TOTAL))
    # Some count thinking in completion_tokens and some beside it; what is billed is the larger.
    if came is not None and total is not None and total > came:
        left = max(left or 0, total - came)
    if (thought := _first(usage, _THOUGHT)) is not None:
        left = max(left or 0, thought)
    return Counts(came, left)


def _first(usage: Mapping[str, object], names: tuple[str, ...]) -> int | None:
    return next((found for name in names if (found := _count(usage.get(name))) is not None), None)


def _count(value: object) -> int | None:
    if isinstance(value, str):
        try:
            value = float(value[:20])
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= _LARGEST_COUNT:
        return None
    return int(value)
