"""The flags that an answer can carry: advice to its owner, which never fails a row.

They are stored with each row as one number, a bit per flag. The order of the names is therefore a stored
format: new flags go to the end.
"""

from collections.abc import Iterable
from enum import Enum


class Severity(Enum):
    """How serious a flag is."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


#: Every flag with its severity, in the order of its bits.
SEVERITIES = {
    "forbidden_word": Severity.ERROR,
    "has_placeholder": Severity.ERROR,
    "has_ai_speak": Severity.ERROR,
    "too_short": Severity.WARNING,
    "over_char_limit": Severity.WARNING,
    "over_word_limit": Severity.WARNING,
    "has_cliche": Severity.WARNING,
    "generic": Severity.WARNING,
    "has_preamble": Severity.INFO,
    "has_postamble": Severity.INFO,
    "has_quotes": Severity.INFO,
    # Not about the words: what the provider sent beside them.
    "has_thinking": Severity.INFO,
    "unknown_finish": Severity.INFO,
}
_BITS = {name: 1 << nth for nth, name in enumerate(SEVERITIES)}


def mask(names: Iterable[str]) -> int:
    """Return the number that stores these flags."""
    bits = 0
    for name in names:
        bits |= _BITS[name]
    return bits


def names(bits: int) -> tuple[str, ...]:
    """Return the flags of a stored number, the most severe first."""
    return tuple(name for name, bit in _BITS.items() if bits & bit)
