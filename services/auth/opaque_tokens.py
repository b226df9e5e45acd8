"""Random tokens that are issued once, in a mail or to a client; only their digests are stored."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

BYTES = 32
# The text is compared, not the decoded bytes: in base64, several texts can stand for the same bytes.
_FORM = re.compile(r"[A-Za-z0-9_-]{43}\Z")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token and the digest that is stored of it."""

    text: str = field(repr=False)
    digest: bytes


def make(random: Callable[[int], bytes]) -> NewToken:
    """Return a token of 256 bits."""
    text = base64.urlsafe_b64encode(random(BYTES)).rstrip(b"=").decode("ascii")
    return NewToken(text, hashlib.sha256(text.encode()).digest())


def digest_of(text: str) -> bytes | None:
    """Return the digest of a well-formed token; None for any other text."""
    return hashlib.sha256(text.encode()).digest() if _FORM.match(text) else None
