"""Words and phrases looked for in a text, whole and in any case, in a time that grows with the text alone.

A regular expression of alternatives tries each phrase at each place: with phrases that begin alike, such as
`a a a a b`, one answer took minutes. Here all phrases are followed at once (Aho and Corasick, 1975): each
word of the text is looked at once, however many phrases there are and however alike they begin.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator

# Words, runs of space, and single signs.
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_SPACE = " "
# Stands beside a sign where no word is: a phrase that begins or ends with a sign is whole only there.
_EDGE = ""


class WholeWords:
    """Knows whether any of some words or phrases is in a text, with any space between those of a phrase."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._ends = [False]
        for phrase in phrases:
            self._add(phrase)
        self._fall = [0] * len(self._next)
        self._link()

    def are_in(self, text: str) -> bool:
        """Whether the text has one of them, with no letter, digit or underscore right beside it."""
        if len(self._next) == 1:
            return False
        following, fall, ends, state = self._next, self._fall, self._ends, 0
        for token in _tokens(text):
            while state and token not in following[state]:
                state = fall[state]
            state = following[state].get(token, 0)
            if ends[state]:
                return True
        return False

    def _add(self, phrase: str) -> None:
        tokens = [*_tokens(phrase.strip())]
        if not tokens:
            return
        state = 0
        for token in tokens:
            state = self._step(state, token)
        self._ends[state] = True

    def _step(self, state: int, token: str) -> int:
        found = self._next[state].get(token)
        if found is None:
            found = self._next[state][token] = len(self._next)
            self._next.append({})
            self._ends.append(False)
        return found

    def _link(self) -> None:
        """Give each state the one that goes on with the longest end of what was read."""
        waiting = deque(self._next[0].values())
        while waiting:
            state = waiting.popleft()
            for token, after in self._next[state].items():
                back = self._fall[state]
                while back and token not in self._next[back]:
                    back = self._fall[back]
                self._fall[after] = self._next[back].get(token, 0)
                self._ends[after] = self._ends[after] or self._ends[self._fall[after]]
                waiting.append(after)


def _tokens(text: str) -> Iterator[str]:
    """Yield the text's words in one case, its signs, one space for each run, and the edges of signs.

    There is an edge before and after each sign that has no word there, so also at both ends of the text.
    """
    before_is_word, before_is_sign = False, False
    for token in _TOKEN.findall(text):
        first = token[0]
        is_word = first == "_" or first.isalnum()
        is_space = not is_word and first.isspace()
        is_sign = not is_word and not is_space
        if (is_sign and not before_is_word) or (before_is_sign and not is_word):
            yield _EDGE
        yield _SPACE if is_space else token.casefold()
        before_is_word, before_is_sign = is_word, is_sign
    if before_is_sign:
        yield _EDGE
