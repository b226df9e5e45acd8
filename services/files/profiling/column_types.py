"""The likely type of a column, guessed from its name alone. It is for display and renames nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from services.files.profiling.header_words import VOID, without_which, words_of
from services.files.profiling.known_names import AFTER, NAMES, ColumnType

__all__ = ["EXACT", "FUZZY", "ColumnType", "Guess", "guess"]

EXACT = 0.9
FUZZY = 0.6
#: How similar two names must be to count as one with a typing error. Lower, and different words match;
#: higher, and no errors in short names do.
_ALIKE = 0.85
#: Shorter names are similar by chance too often.
_SHORTEST_SLIP = 5
_LONGEST_SLIP = 30
#: A typing error adds or leaves out a letter; a word that does more is another one.
_MOST_LETTERS_APART = 1


#: Each known name as its words, the longest first, so that "Contact First Name" is no "name".
_KNOWN = sorted(
    ((tuple(name.split(" ")), kind) for kind, names in NAMES.items() for name in names),
    key=lambda known: -len(known[0]),
)
#: Words that no known name has, though some are nearly in one: a "List Name" is no misspelt last name.
_OTHERS = VOID - {word for parts, _ in _KNOWN for word in parts}
_SQUEEZED = {"".join(parts): kind for parts, kind in _KNOWN}


@dataclass(frozen=True, slots=True)
class Guess:
    """A type, and how likely it is, from 0 to 1."""

    type: ColumnType
    confidence: float


def guess(header: str) -> Guess | None:
    """Return the likely type of a column with this name; None when the name says nothing."""
    words = words_of(header)
    if not words:
        return None
    if exact := _SQUEEZED.get("".join(words)):
        return Guess(exact, EXACT)
    words = without_which(words)
    likely = _SQUEEZED.get("".join(words)) or _at_the_end(words) or _slip(words)
    return Guess(likely, FUZZY) if likely else None


def _at_the_end(words: Sequence[str]) -> ColumnType | None:
    """Return the type of the known name that a longer one ends with.

    What comes last is what it is: an "Email Status" is no e-mail, and a "Campaign Name" is nobody's name.
    """
    for parts, kind in _KNOWN:
        before = words[: -len(parts)]
        if tuple(words[-len(parts) :]) == parts:
            allowed = AFTER.get(" ".join(parts))
            good = VOID.isdisjoint(before) if allowed is None else allowed.issuperset(before)
            return kind if good else None
    return None


def _slip(words: Sequence[str]) -> ColumnType | None:
    """Return the type of the known name of as many words that is most similar to a misspelt one."""
    squeezed = "".join(words)
    if not _SHORTEST_SLIP <= len(squeezed) <= _LONGEST_SLIP or not _OTHERS.isdisjoint(words):
        return None
    likest, found = _ALIKE, None
    for parts, kind in _KNOWN:
        name = "".join(parts)
        if len(name) < _SHORTEST_SLIP or abs(len(name) - len(squeezed)) > _MOST_LETTERS_APART:
            continue
        likeness = SequenceMatcher(None, squeezed, name).ratio()
        if likeness > likest or (likeness == likest and found is None):
            likest, found = likeness, kind
    return found
