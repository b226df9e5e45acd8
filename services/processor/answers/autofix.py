"""What models wrap around an answer, taken off: a preamble, a postamble, quotation marks around the whole.

Losing a sentence that belongs to the answer is worse than keeping one that does not. So each pattern asks for
more than an opening word, and nothing is taken off when nothing would be left.
"""

import re
from dataclasses import dataclass

_AGREEING = (
    r"(?:sure(?: thing)?|certainly|absolutely|of course|no problem|got it|gladly|"
    r"(?:i(?:'d| would) be|i(?:'m| am)) (?:happy|glad) to help(?: with that)?)"
)
_ARTICLE = r"(?:an?|the|your|my|one|some|another|a few|two|three|four|five|\d+)"
# What a model calls the thing that it was asked for.
_WORK = (
    r"(?:hook|e-?mail|message|draft|version|subject(?: line)?|response|reply|answer|line|opener|opening|intro"
    r"|introduction|output|result|text|copy|rewrite|summary|suggestion|option|example|sentence|paragraph|note"
    r"|pitch|list|proposal|follow-?up|template|ice-?breaker|headline|tagline|description|analysis|translation"
    r"|snippet|post|caption|compliment|greeting|statement|proposition|attempt|idea)s?"
)
_PREAMBLES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # "Certainly, here is the e-mail you asked for:"
        rf"{_AGREEING}\b[,!.]?[^\n:.!?]{{0,150}}:\s+",
        # "Sure!"
        rf"{_AGREEING}[!.]\s+",
        # "Here's a hook:"
        rf"(?:here(?:['’]s| is| are)|below (?:is|are)|this is) {_ARTICLE}\b"
        rf"[^\n:.!?]{{0,100}}\b{_WORK}\b[^\n:.!?]{{0,80}}:\s+",
    )
)
_POSTAMBLE = re.compile(
    # One line break and the space of its line: from several, each would be tried with all that follow.
    r"(?:^|(?<=[.!?\"”'’)\]])[ \t]+|\n[^\S\n]*)"
    r"(?:"
    r"(?:please )?let me know[!.]?"
    r"|(?:please )?let me know if (?:you(?:['’]d| would) like (?:me to|any|another|more|to (?:adjust|change))"
    r"|you (?:need|want) (?:any|another|more|me to|changes|adjustments)|this works for you"
    r"|there(?:['’]s| is) anything else)[^\n.!?]*[.!?]?"
    r"|(?:i )?hope (?:this|that|it) (?:helps|is helpful|works)[^\n.!?]*[.!?]?"
    r"|(?:please )?feel free to (?:adjust|modify|tweak|edit|customi[sz]e|adapt|change|personali[sz]e|ask)"
    r"[^\n.!?]*[.!?]?"
    r"|would you like me to [^\n.!?]*[.!?]?"
    r"|is there anything else [^\n.!?]*[.!?]?"
    r")\s*\Z",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'", "‘": "’"}
# An apostrophe inside a word closes nothing.
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_MOST_ROUNDS = 3
# A postamble is a sentence: looking no further keeps the search short, whatever a provider sends.
_TAIL_CHARACTERS = 400


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
    for pattern in _PREAMBLES:
        if start := pattern.match(text):
            return text[start.end() :].lstrip()
    return text


def _without_postamble(text: str) -> str:
    start = max(0, len(text) - _TAIL_CHARACTERS)
    end = _POSTAMBLE.search(text, start)
    return text[: end.start()].rstrip() if end else text


def _without_quotes(text: str) -> str:
    closing = _QUOTES.get(text[:1])
    if closing is None or len(text) < 3 or text[-1] != closing:
        return text
    inner = text[1:-1]
    # Quotation marks inside mean that the first and the last are not a pair.
    rest = _APOSTROPHE.sub("", inner)
    return text if text[0] in rest or closing in rest else inner.strip()
