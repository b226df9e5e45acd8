"""A guess at the encoding of text that is not UTF-8 and says nothing itself. It is always called a guess."""

import re

from services.files.reading.encodings import CODECS, LATIN_1, MULTI_BYTE, SINGLE_BYTE, WINDOWS_1252

#: The bytes that a guess looks at. More take longer, a millisecond for each few kilobytes.
_MOST_BYTES = 4096
_CYRILLIC = ("windows-1251", "koi8-r")
_GUESSED = {CODECS[name]: name for name in (*MULTI_BYTE, *SINGLE_BYTE) if name != LATIN_1}
#: Two letters of one word: what text in these scripts has, and a stray sign that was read as one has not.
_WORD = re.compile(r"[^\W\d_A-Za-z]{2}")
# The library cannot tell these well, because their letters lie at the same bytes. So the language whose
# letters explain the most of a text decides, and of equals the first.
_LATIN = (
    (WINDOWS_1252, "äöüß", "éèêëàâçùûîïôœæ", "áéíóúñü¿¡", "ãáâàçéêíóôõú", "åäöéøæ", "àèéìòù"),
    ("windows-1250", "ąćęłńóśźż", "áčďéěíňřšťúůýžäľĺôŕ", "áéíóöőúüű", "čćđšž", "ăâîşţșț"),
    ("mac-roman", "äöüß", "éèêëàâçùûîïôœæ", "áéíóúñü¿¡", "ãáâàçéêíóôõú", "åäöéøæ", "àèéìòù"),
)
#: What is between words in any language. The rest that is no letter, such as fractions, speaks against one.
_SIGNS = "\u00a0€£§©®°–—‘’“”„«»…•"
#: Signs that may follow a letter.
_INSIDE = "\u00a0®–—’”…"
_WRONG = -3
_OF_NO_LANGUAGE = -1


def guess(text: bytes) -> str:
    """Return the name of the likeliest encoding of some whole lines; Windows-1252 when nothing fits."""
    # Rarely needed, and slow to import in a process that reads one file.
    from charset_normalizer import from_bytes

    telling = _telling(text)
    best = from_bytes(telling, cp_isolation=list(_GUESSED)).best() if telling else None
    found = _GUESSED.get(best.encoding) if best else None
    if found and (found in MULTI_BYTE or found in _CYRILLIC) and _WORD.search(str(best)):
        return found
    return _latin(telling)


def _telling(text: bytes) -> bytes:
    """Return the first lines that are not ASCII."""
    kept, size = [], 0
    for line in text.splitlines(keepends=True):
        if line.isascii():
            continue
        kept.append(line if len(line) <= _MOST_BYTES else _beginning(line))
        size += len(kept[-1])
        if size > _MOST_BYTES:
            break
    return b"".join(kept)


def _beginning(line: bytes) -> bytes:
    """Return the beginning of a long line, up to a byte that is part of no other character."""
    begun = line[:_MOST_BYTES]
    return begun[: max(map(begun.rfind, (b" ", b",", b";", b"\t"))) + 1] or begun


def _latin(text: bytes) -> str:
    scores = {}
    for encoding, *languages in _LATIN:
        try:
            decoded = text.decode(CODECS[encoding])
        except UnicodeDecodeError:
            continue
        all_letters = "".join(languages)
        scores[encoding] = max(_score(decoded, letters, all_letters) for letters in languages)
    return max(scores, key=lambda encoding: scores[encoding], default=WINDOWS_1252)


def _score(text: str, letters: str, all_letters: str) -> int:
    """Return how well one language explains the characters beyond ASCII."""
    score, before = 0, ""
    for character in text:
        if character.isascii():
            # A capital letter inside a word.
            score += _WRONG if character.isupper() and before.islower() and not before.isascii() else 0
        elif not character.isalpha() and character not in letters:
            fits = character in _SIGNS and (character in _INSIDE or not before.isalpha())
            score += 1 if fits else _WRONG
        elif before.isdigit() or (before.islower() and character.isupper()):
            score += _WRONG
        elif character.lower() in letters:
            score += 1
        elif character.lower() not in all_letters:
            score += _OF_NO_LANGUAGE
        before = character
    return score
