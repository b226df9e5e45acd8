"""When two names of columns are the same name: people see the same, whatever the bytes are."""

import unicodedata

# Letters and symbols that show nothing: fillers of Hangul, the empty Braille pattern, and what joins or
# selects forms of other characters without being of the category of format characters.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS = (("\u180b", "\u180f"), ("\ufe00", "\ufe0f"), ("\U000e0100", "\U000e01ef"))


def column_key(name: str) -> str:
    """Return what a name is compared by: NFC, white space folded, invisible characters left out.

    Empty for a name that shows nothing. Letters of different case stay different.
    """
    if name.isascii() and name.isprintable():
        return " ".join(name.split())
    seen = "".join(c for c in name if not _is_invisible(c))
    return " ".join(unicodedata.normalize("NFC", seen).split())


def _is_invisible(character: str) -> bool:
    if character.isspace():
        return False
    return (
        unicodedata.category(character) == "Cf"
        or character in _INVISIBLE
        or any(first <= character <= last for first, last in _SELECTORS)
    )
