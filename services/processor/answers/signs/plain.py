"""One spelling for what looks alike in a text: composed letters, straight quotation marks, plain hyphens."""

import re
import unicodedata

# Letters are composed within short pieces: sorting the marks of a long run takes a time that is not linear.
_PIECE = re.compile(r"[\x00-\x7f]?[^\x00-\x7f\s]{1,256}")
_ALIKE = str.maketrans(
    dict.fromkeys("‘’‚‛ʼʹ′`´＇", "'")
    | dict.fromkeys("“”„‟″«»＂", '"')
    | dict.fromkeys("‐‑‒–—―−﹣－", "-")
    # Not seen: soft hyphens, joiners, marks of direction.
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f")
)


def plain(text: str) -> str:
    """Return a text in the spelling in which texts are compared; its length may change."""
    if text.isascii():
        return text.replace("`", "'")
    return _PIECE.sub(_composed, text.translate(_ALIKE))


def _composed(piece: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", piece[0])
