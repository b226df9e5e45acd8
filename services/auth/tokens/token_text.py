"""The text of access tokens, with a prefix and a checksum by which secret scanners recognise them.

`smelt_pat_`, then 256 random bits as 43 characters of base 62, then CRC-32 of those 43 characters as 6 more.
The whole text matches `smelt_pat_[0-9A-Za-z]{49}`. The checksum is not secret: it tells a token from a text
that only looks like one, here before the database is asked, and in a scanner before an alarm is raised.
"""

import string
import zlib
from hashlib import sha256

PREFIX = "smelt_pat_"
RANDOM_BYTES = 32
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 43
_CHECKSUM_LENGTH = 6
_LENGTH = len(PREFIX) + _RANDOM_LENGTH + _CHECKSUM_LENGTH


def compose(random: bytes) -> str:
    """Return the token made of 32 random bytes."""
    body = _base62(int.from_bytes(random, "big"), _RANDOM_LENGTH)
    return PREFIX + body + _checksum(body)


def is_meant(text: str) -> bool:
    """Whether a text is meant to be an access token, well-formed or not."""
    return text.startswith(PREFIX)


def digest_of(text: str) -> bytes | None:
    """Return the SHA-256 of a token, as it is stored; None if the text is not well-formed.

    A fast hash is enough: 256 random bits cannot be guessed.
    """
    body, checksum = text[len(PREFIX) : -_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
    well_formed = len(text) == _LENGTH and is_meant(text) and text.isascii()
    if not well_formed or _checksum(body) != checksum:
        return None
    return sha256(text.encode("ascii")).digest()


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode("ascii")), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
