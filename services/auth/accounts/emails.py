"""E-mail addresses: one spelling for each mailbox; anything but a plain address is refused.

Surrounding spaces are dropped, and control characters are refused. Unicode is composed (NFC), both parts are
lower-cased, and the domain is converted to its ASCII form (IDNA 2008), so that `bücher.example` and
`xn--bcher-kva.example` are the same. Nothing else is folded: dots and plus tags stay, and compatibility
spellings such as full-width letters are refused rather than guessed at. Quoted local parts, address literals,
comments and domains without a dot are refused. DNS is not consulted.
"""

import hashlib
import re
import unicodedata

import idna
from idna import idnadata, intranges

from services.common.errors import DomainError, Kind
from services.common.lines import is_line


def uncommon(email: str) -> str:
    """Return a stand-in for a malformed address: it can be counted like an address, and equals none."""
    return f"@{hashlib.sha256(email.encode()).hexdigest()}"


#: RFC 5321, 4.5.3.1: a path of 256 octets less its angle brackets; a local part of 64 octets.
_LONGEST_ADDRESS = 254
_LONGEST_LOCAL = 64
_LONGEST_DOMAIN = 253
_ATEXT = frozenset("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


class EmailInvalid(DomainError):
    """The e-mail address does not have the accepted form, such as name@example.com."""

    reason = "EMAIL_INVALID"
    kind = Kind.INVALID
    message = "This e-mail address is not accepted; it must look like name@example.com"

    def __init__(self) -> None:
        super().__init__(violations=[("email", "must look like name@example.com")])


def normalise(text: str) -> str:
    """Return the one spelling under which an address is known; raise EmailInvalid.

    Normalising again changes nothing.
    """
    if not is_line(text):
        raise EmailInvalid
    local, _, domain = _composed(text.strip()).partition("@")
    address = f"{_local(local)}@{_domain(domain)}"
    if len(address.encode("utf-8", "surrogatepass")) > _LONGEST_ADDRESS:
        raise EmailInvalid
    return address


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _local(local: str) -> str:
    lowered = _composed(local.lower())
    # A character whose lower case can be lower-cased again would give one name two spellings.
    if lowered != _composed(lowered.lower()) or lowered != unicodedata.normalize("NFKC", lowered):
        raise EmailInvalid
    if not all(_is_atom(atom) for atom in lowered.split(".")):
        raise EmailInvalid
    if len(lowered.encode("utf-8", "surrogatepass")) > _LONGEST_LOCAL:
        raise EmailInvalid
    return lowered


def _is_atom(atom: str) -> bool:
    return atom != "" and unicodedata.category(atom[0])[0] != "M" and all(map(_is_plain, atom))


def _is_plain(character: str) -> bool:
    if character < "\x80":
        return character in _ATEXT
    # What IDNA 2008 allows in names: letters, marks and digits, nothing invisible.
    return intranges.intranges_contain(ord(character), idnadata.codepoint_classes["PVALID"])


def _domain(domain: str) -> str:
    labels = [_label(label) for label in domain.lower().split(".")]
    name = ".".join(labels)
    # A last label of digits is an IPv4 address, not a name.
    if len(labels) < 2 or labels[-1].isdigit() or len(name) > _LONGEST_DOMAIN:
        raise EmailInvalid
    return name


def _label(label: str) -> str:
    composed = _composed(label)
    try:
        encoded = composed if _is_ordinary(composed) else idna.alabel(composed).decode("ascii")
    except UnicodeError:
        raise EmailInvalid from None
    if not _LABEL.match(encoded):
        raise EmailInvalid
    return encoded


def _is_ordinary(label: str) -> bool:
    # Two hyphens at this place are reserved for encoded labels, which idna checks.
    return label.isascii() and label[2:4] != "--"
