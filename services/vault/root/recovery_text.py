"""A root key as four lines that a person writes down and types back.

Each line is 8 bytes of the key and 2 bytes of a digest over the line's number and those bytes, as 16 letters
of Crockford's base 32, which has no letters that look like digits. A typing error is reported with its line.
"""

import hashlib
import re

from services.vault.crypto.committing import KEY_BYTES
from services.vault.crypto.secret import wipe

LINES = 4
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
_KEY_BYTES_OF_LINE = KEY_BYTES // LINES
_CHECK_BYTES = 2
_LETTERS = 8 * (_KEY_BYTES_OF_LINE + _CHECK_BYTES) // 5
_LINE = re.compile(r"\s*([1-4])\s*[:.)]\s*(.*)")
_BETWEEN = re.compile(r"[\s-]+")


class RecoveryTextWrong(Exception):
    """The typed text is not what was printed; the message names the line and quotes nothing."""


def written(key: bytearray) -> list[str]:
    """Return a key as lines such as `1: 0123-4567-89AB-CDEF`."""
    lines = []
    for number in range(1, LINES + 1):
        part = bytes(key[(number - 1) * _KEY_BYTES_OF_LINE : number * _KEY_BYTES_OF_LINE])
        value = int.from_bytes(part + _check(number, part), "big")
        letters = "".join(_ALPHABET[value >> 5 * (_LETTERS - 1 - n) & 31] for n in range(_LETTERS))
        lines.append(f"{number}: " + "-".join(letters[at : at + 4] for at in range(0, _LETTERS, 4)))
    return lines


def read(text: str) -> bytearray:
    """Return the key in the numbered lines of a text, which may have other lines; raise RecoveryTextWrong.

    A text of exactly four lines may leave the numbers out.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    found = {int(line[1]): line[2] for line in map(_LINE.match, lines) if line}
    if not found and len(lines) == LINES:
        found = dict(enumerate(lines, start=1))
    if missing := [str(number) for number in range(1, LINES + 1) if number not in found]:
        raise RecoveryTextWrong(f"these lines are missing: {', '.join(missing)}")
    key = bytearray()
    for number in range(1, LINES + 1):
        try:
            key += part_of_line(number, found[number])
        except RecoveryTextWrong:
            wipe(key)
            raise
    return key


def part_of_line(number: int, typed: str) -> bytes:
    """Return the part of the key in one line, with or without its number; raise RecoveryTextWrong."""
    numbered = _LINE.match(typed)
    letters = _BETWEEN.sub("", numbered[2] if numbered else typed).upper().translate(_READ_AS)
    wrong = RecoveryTextWrong(f"line {number} is not what was printed")
    if len(letters) != _LETTERS or not set(letters) <= set(_ALPHABET):
        raise wrong
    value = 0
    for letter in letters:
        value = value << 5 | _ALPHABET.index(letter)
    line = value.to_bytes(_KEY_BYTES_OF_LINE + _CHECK_BYTES, "big")
    part, check = line[:_KEY_BYTES_OF_LINE], line[_KEY_BYTES_OF_LINE:]
    if _check(number, part) != check:
        raise wrong
    return part


def _check(number: int, part: bytes) -> bytes:
    return hashlib.sha256(b"smelt/recovery-line/v1" + bytes([number]) + part).digest()[:_CHECK_BYTES]
