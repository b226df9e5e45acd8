"""What is shown of long texts when all of them do not fit into one message."""

from collections.abc import Sequence

from services.common.aside import go_on

#: Stands at the end of a text of which more is kept than is shown.
CUT = "…"


def shortened(texts: Sequence[str], most_bytes: int) -> list[str]:
    """Cut the longest texts, with an ellipsis, until all fit a number of bytes of UTF-8."""
    sizes = [_bytes(text) for text in texts]
    if sum(sizes) <= most_bytes:
        return [*texts]
    longest = _longest(sorted(sizes), most_bytes)
    return [text if size <= longest else _cut(text, longest) for text, size in zip(texts, sizes, strict=True)]


def _bytes(text: str) -> int:
    go_on()
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _cut(text: str, most: int) -> str:
    go_on()
    # A character has a byte at least, so that what is beyond need not be encoded.
    return text[:most].encode("utf-8", "replace")[:most].decode(errors="ignore") + CUT


def _longest(sizes: Sequence[int], room: int) -> int:
    """Return what each text may have, so that short ones stay whole and leave their room to others."""
    for nth, size in enumerate(sizes):
        share = room // (len(sizes) - nth)
        if size > share:
            # Room for the ellipsis is taken from what is shown.
            return max(0, share - len(CUT.encode()))
        room -= size
    return room
