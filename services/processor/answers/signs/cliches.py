"""Worn phrases of outreach. The name of a company may be one of them, and is none then."""

import re
from collections.abc import Iterable

#: Longer values of a row are no names.
_LONGEST_NAME = 100
_NOUNS = (
    r"synerg(?:y|ies)|low[- ]hanging fruit|game[- ]?changers?|best[- ]in[- ]class|cutting[- ]edge"
    r"|win[- ]win"
    r"|paradigm shift|deep dive|touch base|circle back"
)
_OTHERS = (
    r"hope (?:this|my|the) (?:e-?mail |message |note )?finds you(?! (?:a|the)\b)(?: (?:well|in good))?"
    r"|hope (?:you(?:'re| are)|all is) (?:doing )?well|hope you(?:'re| are) having a (?:great|good"
    r"|wonderful)"
    r"|(?:came|stumbled|ran|come) (?:across|upon|on|into) your (?:\w+ )?(?:profile|company|website|site"
    r"|page|work|linkedin|post)"
    r"|impressed (?:by|with) your (?:\w+ )?(?:background|profile|experience|achievements|track record"
    r"|career)"
    r"|circling back|touching base|synergi[sz]e|move the needle|game[- ]changing"
    r"|think(?:ing)? outside the box|at the end of the day|take (?:it|things|your \w+) to the next level"
    r"|pick your brain"
    r"|just (?:wanted to )?(?:check(?:ing)? in|follow(?:ing)? up)|per my last e-?mail"
    r"|in today's (?:fast[- ]paced|digital|competitive)|look no further"
    r"|ich hoffe,? (?:(?:diese|meine) (?:nachricht|e-?mail|mail) (?:erreicht|findet|trifft) (?:sie|dich)"
    r"|es geht (?:ihnen|dir) gut"
    r"|(?:ihnen|dir) geht es gut)|auf (?:ihr|dein|ihre|deine) (?:\w+ )?(?:profil|unternehmen|website"
    r"|webseite|seite|firma)"
    r" (?:gestoßen|aufmerksam geworden)"
    r"|j'espère que (?:vous allez bien|tu vas bien|ce (?:message|mail|courriel) vous trouve)"
    r"|tombée? sur (?:votre|ton) (?:profil|site|entreprise|page)"
    r"|espero que (?:est[ée]s? (?:muy )?bien|te encuentres bien|se encuentre bien|(?:este|mi) (?:mensaje"
    r"|correo) (?:te|le) encuentre)"
    r"|me (?:encontré|topé) con (?:tu|su) (?:perfil|empresa|web|página)"
)
_CLICHE = re.compile(rf"\b(?:(?P<noun>{_NOUNS})|{_OTHERS})\b", re.IGNORECASE)
_NEXT_WORD = re.compile(r"[ \u00a0]([^\W\d_])")
_SENTENCE_ENDS = ".!?:\n\"'•-"


def has_cliche(text: str, values: Iterable[str] = ()) -> bool:
    """Whether a text in plain spelling has a worn phrase that is no name; `values` are those of its row."""
    names: str | None = None
    known: dict[str, bool] = {}
    for found in _CLICHE.finditer(text):
        if found["noun"] is None:
            return True
        if _is_name(text, found):
            continue
        phrase = found[0].casefold()
        if phrase not in known:
            if names is None:
                names = "\n".join(value for value in values if len(value) <= _LONGEST_NAME).casefold()
            known[phrase] = phrase in names
        if not known[phrase]:
            return True
    return False


def _is_name(text: str, found: re.Match[str]) -> bool:
    """Whether it is written as a name: with capitals within a sentence, or before another capital."""
    if not all(word[:1].isupper() for word in re.split("[ -]", found[0])):
        return False
    before = text[max(0, found.start() - 4) : found.start()].rstrip(" ")
    after = _NEXT_WORD.match(text, found.end())
    return bool(before and before[-1] not in _SENTENCE_ENDS) or bool(after and after[1].isupper())
