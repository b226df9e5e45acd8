"""Texts of one line: names, labels and addresses that people give, shown in lists, mails and logs."""

import unicodedata

from services.common.errors import InvalidRequest

#: Control characters (C0, DEL and C1), and what separates lines or paragraphs. A text with one of them could
#: look like several lines, or change what a terminal or a mail shows around it.
_BREAKING = frozenset({"Cc", "Zl", "Zp"})
#: Embeddings, overrides and isolates of a direction (UAX #9): what follows could be shown in another order.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_line(text: str) -> bool:
    """Whether a text is one line that shows as it is, without control characters."""
    return text.isprintable() or not any(
        each in _DIRECTIONS or unicodedata.category(each) in _BREAKING for each in text
    )


def check_line(text: str, field: str) -> str:
    """Return the text; raise InvalidRequest naming the field if it is more than one line."""
    if not is_line(text):
        raise InvalidRequest(violations=[(field, "must be one line without control characters")])
    return text
