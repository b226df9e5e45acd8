"""Random tokens that are handed out once, in a mail or to a browser; only their digest is kept."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

BYTES = 32
# The text itself is what counts: base64 would let several texts stand for the same bytes.
_FORM = re.compile(r"[A-Za-z0-9_-]{43}\Z")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token on its way into a mail, and what is kept of it."""

    text: str = field(repr=False)
    digest: bytes


def make(random: Callable[[int], bytes]) -> NewToken:
    """Return a token of 256 bits."""
    text = base64.urlsafe_b64encode(random(BYTES)).rstrip(b"=").decode("ascii")
    return NewToken(text, hashlib.sha256(text.encode()).digest())


def digest_of(text: str) -> bytes | None:
    """Return the digest of what may be a token; None for what never was one."""
    return hashlib.sha256(text.encode()).digest() if _FORM.match(text) else None
