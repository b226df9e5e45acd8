"""What models wrap around an answer, taken off: a preamble, a postamble, quotation marks around the whole.

Losing a sentence that belongs to the answer is worse than keeping one that does not. Only what speaks about
the answer itself goes (`wrapping/`), and nothing does when nothing would be left.
"""

import re
from dataclasses import dataclass

from services.processor.answers.wrapping.postambles import postamble_start, without_rules
from services.processor.answers.wrapping.preambles import preamble_end

_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'", "‘": "’"}
# An apostrophe inside a word closes nothing.
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_MOST_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Fixed:
    """An answer without its wrapping, and the names of the flags for what was taken off."""

    text: str
    found: frozenset[str] = frozenset()


def fix(text: str) -> Fixed:
    """Take preambles, postambles and quotation marks off; an answer that has none comes back unchanged."""
    left, found = text.strip(), set()
    for _ in range(_MOST_ROUNDS):
        before = left
        for name, without in (
            ("has_preamble", _without_preamble),
            ("has_postamble", _without_postamble),
            ("has_quotes", _without_quotes),
        ):
            rest = without(left)
            if rest and rest != left:
                left = rest
                found.add(name)
        if left == before:
            break
    return Fixed(left, frozenset(found)) if found else Fixed(text)


def _without_preamble(text: str) -> str:
    end = preamble_end(text)
    return without_rules(text[end:].strip()) if end else text


def _without_postamble(text: str) -> str:
    start = postamble_start(text)
    return without_rules(text[:start].strip()) if start < len(text.rstrip()) else text


def _without_quotes(text: str) -> str:
    closing = _QUOTES.get(text[:1])
    if closing is None or len(text) < 3 or text[-1] != closing:
        return text
    inner = text[1:-1]
    # Quotation marks inside mean that the first and the last are not a pair.
    rest = _APOSTROPHE.sub("", inner)
    return text if text[0] in rest or closing in rest else inner.strip()
