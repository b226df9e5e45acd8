"""What a number format makes of a number: a date, a time, leading zeros, or only its looks."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<literal>"[^"]*"?|\\.|_.|\*.)
    | (?P<elapsed>\[(?:h+|m+|s+)\])
    | (?P<note>\[[^\]]*\]?)
    | (?P<noon>AM/PM|A/P|上午/下午)
    | (?P<general>General)
    | (?P<power>E[+-])
    | (?P<year>[yebg]+) | (?P<m>m+) | (?P<day>d+) | (?P<hour>h+) | (?P<second>s+(?P<fraction>[.,]0+)?)
    | (?P<zero>0) | (?P<digit>[#?.,%/@])
    | (?P<end>;)
    | (?P<other>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
#: The formats that have a number instead of a code (ECMA-376, 18.8.30): those that show a moment.
BUILTIN = {
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yy h:mm",
    32: "h:mm",
    33: "h:mm:ss",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    **dict.fromkeys((*range(27, 32), 34, 35, 36, *range(50, 59)), "yyyy-mm-dd"),
}
_MOST_FRACTION = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """A format that decides about the text: a moment, a duration, or digits in a fixed pattern.

    `clock` is "" without a time of day, "hm" with minutes, "hms" with seconds and `fraction` digits of them.
    In `pattern`, each "0" is a digit.
    """

    date: bool = False
    clock: str = ""
    fraction: int = 0
    elapsed: bool = False
    pattern: str = ""


def shown(code: str) -> Shown | None:
    """Return what a format's code shows; None when it changes only the looks of a number.

    Only the first section counts, the one for positive numbers.
    """
    kinds: list[str] = []
    pattern, fraction = "", 0
    for token in _TOKEN.finditer(code):
        kind = token.lastgroup or ""
        if kind == "fraction" or token["second"]:
            kind = "second"
            fraction = min(_MOST_FRACTION, len(token["fraction"] or ".") - 1)
        if kind == "end":
            break
        kinds.append(kind)
        pattern += _literal(kind, token[0])
    found = set(kinds)
    if not found & {"year", "m", "day", "hour", "second", "elapsed"}:
        return _padded(found, pattern)
    if found & {"general", "power", "zero"}:
        return None
    clock = _clock(kinds)
    return Shown(
        date=bool(found & {"year", "day"} or "m" in _months(kinds)),
        clock=clock,
        fraction=fraction if clock == "hms" else 0,
        elapsed="elapsed" in found,
    )


def _padded(found: set[str], pattern: str) -> Shown | None:
    # One zero shows no leading zeros; anything but digits and literals is looks.
    plain = found <= {"zero", "literal", "note", "other"} and pattern.count("0") > 1
    return Shown(pattern=pattern) if plain else None


def _literal(kind: str, token: str) -> str:
    if kind == "literal":
        # A quoted zero would be taken for a digit; such a pattern only loses its decoration.
        text = token.strip('"') if token.startswith('"') else token[1:] if token.startswith("\\") else ""
        return text.replace("0", "")
    return token if kind in ("zero", "other") else ""


def _clock(kinds: list[str]) -> str:
    if "second" in kinds or "elapsed" in kinds:
        return "hms"
    return "hm" if "hour" in kinds else ""


def _months(kinds: list[str]) -> list[str]:
    """Return the `m` that mean months: not those after hours or before seconds."""
    units = [kind for kind in kinds if kind in ("year", "m", "day", "hour", "second", "elapsed")]
    return [
        kind
        for at, kind in enumerate(units)
        if kind == "m"
        and not (at and units[at - 1] in ("hour", "elapsed"))
        and not (at + 1 < len(units) and units[at + 1] == "second")
    ]
