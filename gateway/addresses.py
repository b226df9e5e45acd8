"""Which addresses can be read: escapes in a path or a query stand for UTF-8 text without NUL.

The transcoder puts what is escaped into text fields as it is, and a message whose text is not UTF-8 cannot be
read by any service.
"""

from gateway.parts import Config

_HEX = "[0-9a-fA-F]"
#: A byte that continues a character.
_NEXT = f"%[89abAB]{_HEX}"
# RFC 3629, section 4: no overlong forms, no surrogates, nothing beyond U+10FFFF.
_CHARACTERS = (
    # As it is: printable ASCII, but no percent sign. All else must be escaped (RFC 3986, section 2).
    r"[!-$&-~]",
    f"%0[1-9a-fA-F]|%[1-7]{_HEX}",
    f"%(?:[cC][2-9a-fA-F]|[dD]{_HEX}){_NEXT}",
    f"%[eE]0%[abAB]{_HEX}{_NEXT}",
    f"%[eE][1-9a-cA-CeEfF]{_NEXT}{_NEXT}",
    f"%[eE][dD]%[89]{_HEX}{_NEXT}",
    f"%[fF]0%[9abAB]{_HEX}{_NEXT}{_NEXT}",
    f"%[fF][1-3]{_NEXT}{_NEXT}{_NEXT}",
    f"%[fF]4%8{_HEX}{_NEXT}{_NEXT}",
)
READABLE = f"(?:{'|'.join(_CHARACTERS)})*"


def readable(*, invert: bool = False) -> Config:
    """A matcher of requests whose address can be read, or, inverted, cannot."""
    return {"name": ":path", "string_match": {"safe_regex": {"regex": READABLE}}, "invert_match": invert}
