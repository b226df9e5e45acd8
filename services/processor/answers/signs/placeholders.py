"""Holes that a model left for somebody to fill in: `[Name]`, `{Company}`, `%FIRST_NAME%`, `_____`."""

import re
from collections.abc import Set

_HOLE = re.compile(
    r"(?P<sure>\{\{[^{}\n]{0,80}\}\}|\*\|[A-Z][A-Z_:]{1,40}\|\*"
    # In upper case only: what is to be a number.
    r"|(?<![\w$])\$?\bX{1,4}%|(?<!\w)[$€£]X{1,4}\b(?!\.)"
    r"|\bX{2,4} (?:years|hours|days|people|customers|companies|employees|percent|million)\b)"
    # A single letter in braces is mathematics, and what is joined to a word is an index or a formula.
    r"|(?<![\w\\^}])\$?\{(?P<brace>[^\W\d_][\w .'-]{1,60})\}"
    # Square brackets also hold links of Markdown, check boxes and remarks of editors.
    r"|(?<![\w\])])\[{1,2}(?P<square>[^\W\d_][\w .,'/&#-]{1,60})\]{1,2}(?!\()"
    r"|<{1,2}(?P<angle>[^\W\d_][\w .'-]{1,40})>{1,2}"
    r"|(?<![\w%])%(?P<percent>[A-Za-z][A-Za-z_ .]{1,30})%(?![\w%])"
    r"|(?P<line>(?<![\w\\])_{3,}+(?!\w))"
)
#: Without one of these, a text has no hole.
_SIGNS = frozenset("[{<%_*X")
_WORDS = re.compile(
    r"\b(?:(?:first|last|full|sur)?names?|company|companies|companyname|business|organi[sz]ation|title"
    r"|role|position|industry"
    r"|sector|city|country|location|region|date|number|link|url|website|e-?mail|phone|address|product"
    r"|service|feature"
    r"|benefit|recipient|sender|prospect|client|customer|competitor|signature|topic|pain points?|metric"
    r"|amount|figure"
    r"|percentage|department|achievement|project|event|calendar|linkedin|colleague|fname|lname"
    r"|vorname|nachname|firma|unternehmen|firmenname|branche|stadt|telefon\w*|datum|anrede|produkt|zahl"
    r"|betrag"
    r"|prénom|nom|entreprise|société|secteur|ville|téléphone|poste|produit|chiffre|montant"
    r"|nombre|apellidos?|empresa|sector|ciudad|teléfono|cargo|puesto|producto|cifra|importe)\b"
    r"|^(?:your|insert|enter|add|mention|specify|relevant|specific|ihre?|dein\w*|votre|vos|tu|su)\b",
    re.IGNORECASE,
)
# Elements of HTML that are also names of holes, as HTML is written.
_ELEMENTS = frozenset({"title", "link", "address", "time", "data", "summary", "details", "label"})
_PARTS = re.compile(r"[_.-]|(?<=[a-z])(?=[A-Z])")


def has_placeholder(text: str, names: Set[str] = frozenset()) -> bool:
    """Whether a text has a hole; `names` are those of the prompt's variables, in one case."""
    if _SIGNS.isdisjoint(text):
        return False
    for found in _HOLE.finditer(text):
        kind, inside = found.lastgroup, found[found.lastgroup or 0]
        match kind:
            case "sure" | "brace":
                return True
            case "line":
                if not _is_line_across(text, found):
                    return True
            case "percent":
                if inside.isupper() or _is_name(inside, names):
                    return True
            case "angle":
                if inside not in _ELEMENTS and _is_name(inside, names):
                    return True
            case _:
                if _is_name(inside, names):
                    return True
    return False


def _is_name(inside: str, names: Set[str]) -> bool:
    return inside.strip().casefold() in names or _WORDS.search(_PARTS.sub(" ", inside).strip()) is not None


def _is_line_across(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - 1) : found.start()]
    after = text[found.end() : found.end() + 1]
    return before in {"", "\n"} and after in {"", "\n", "\r"}
