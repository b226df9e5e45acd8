"""Whether an answer could stand in any row, because it has nothing of what its prompt was filled with."""

import re
from collections.abc import Iterable

from services.common.aside import go_on
from services.processor.answers.whole_words import WholeWords

# Shorter values than this would be found inside other words.
_SHORTEST_PART = 4
#: A word by itself says something from this length on, if it is no common one.
_SHORTEST_WORD = 3
#: In a value of more words, only longer ones tell that the answer is about it.
_LONG_VALUE_WORDS = 8
_SHORTEST_OF_MANY = 7
_WORD = re.compile(r"[^\W_]+")
# Words that stand in names and in any text: forms of companies, parts of addresses, and the commonest words.
_COMMON = frozenset(
    """
    ltd limited inc incorporated llc llp plc corp corporation co company gmbh mbh kgaa ohg sarl sas spa
    srl bv nv oyj pty pvt group holding holdings international global services service solutions systems
    team business www http https com org net the and for with from your you our are was has have that
    this they their not but all who how what when into over head und der die das ein eine für mit von
    les des une pour avec dans sur los las una por para con del
    """.split()  # noqa: SIM905  a list of as many strings is no easier to read
)


def is_generic(text: str, values: Iterable[str]) -> bool:
    """Whether there are values and nothing of any appears in the text; all are in plain spelling."""
    filled = {value for each in values if (value := each.strip())}
    if not filled:
        return False
    # "IT" is not the word "it".
    abbreviations = {value for value in filled if len(value) < _SHORTEST_PART and value.isupper()}
    written = set(_WORD.findall(text))
    go_on()
    if not abbreviations.isdisjoint(written):
        return False
    folded = text.casefold()
    others = {value.casefold() for value in filled - abbreviations}
    if WholeWords(value for value in others if len(value) < _SHORTEST_PART).are_in(folded):
        return False
    words = set(_WORD.findall(folded))
    # "Adas" is a form of "Ada".
    words |= {word[:-1] for word in words if word.endswith("s")}
    for value in others:
        go_on()
        if _has_part(value, words) or (len(value) >= _SHORTEST_PART and value in folded):
            return False
    return True


def _has_part(value: str, words: set[str]) -> bool:
    """Whether a word of the value is among the text's: "Ada" of "Ada Lovelace", "Acme" of "Acme Ltd."."""
    parts = _WORD.findall(value)
    shortest = _SHORTEST_WORD if len(parts) <= _LONG_VALUE_WORDS else _SHORTEST_OF_MANY
    return any(len(part) >= shortest and part not in _COMMON and part in words for part in parts)
