"""Postambles: a last paragraph of its own in which a model offers changes or explains what it wrote.

Copy ends in offers as well, so an offer must be one of another text: "a shorter version" goes, "a case study"
stays. Courtesies that both say go only when they stand alone and the answer is no letter and no question.
"""

import re
from dataclasses import dataclass
from typing import Self

from services.processor.answers.wrapping.language import Language
from services.processor.answers.wrapping.languages import LANGUAGES

#: Longer paragraphs are no postamble. Whatever a provider sends, no more than this is looked at.
MOST_CHARACTERS = 400
#: What stands after the last line across, as an explanation, may be longer.
MOST_EXPLAINED = 1500
_LONGEST_SIGNATURE = 40
_RULE = re.compile(r"(?:^|\n)[^\S\n]{0,8}(?:-{3,9}|\*{3,9}|_{3,9}|—{1,9}|={3,9})[^\S\n]{0,8}(?=\n|\Z)")
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*")
_AROUND = ' \t*_()[]>"“”«»¡¿🙂😊👍🚀✨'
_PLAIN = str.maketrans("’ʼ", "''")


@dataclass(frozen=True, slots=True)
class _Patterns:
    offer: re.Pattern[str]
    change: re.Pattern[str]
    product: re.Pattern[str]
    about: re.Pattern[str]
    courtesy: re.Pattern[str]
    mere: re.Pattern[str]
    remark: re.Pattern[str]
    remarked: re.Pattern[str]
    heading: re.Pattern[str]
    greeting: re.Pattern[str]

    @classmethod
    def of(cls, words: Language) -> Self:
        around = r"[\s*_#>]{0,8}"
        parts = {
            "offer": words.offering,
            "change": words.changing,
            "product": words.product,
            "about": rf"{words.about}\W*",
            "courtesy": rf"{words.courtesy}\W*",
            "mere": rf"{words.mere}\W*",
            "remark": words.remark,
            "remarked": words.remarked,
            "heading": rf"{around}{words.heading}\s?(?::|[*_]|\n)",
            "greeting": rf"{around}{words.greeting}",
        }
        return cls(**{name: re.compile(part, re.IGNORECASE) for name, part in parts.items()})


PATTERNS = tuple(_Patterns.of(language) for language in LANGUAGES)


def postamble_start(text: str) -> int:
    """Return where the answer ends before its postamble; the length of the text if it has none."""
    text = text.rstrip()
    start = text.rfind("\n", max(0, len(text) - MOST_CHARACTERS - 1)) + 1
    if start:
        said = text[start:].translate(_PLAIN).strip(_AROUND)
        if said and any(_is_postamble(said, text[:start], known) for known in PATTERNS):
            return start
    return _explanation(text)


def without_rules(text: str) -> str:
    """Take off lines across at both ends; they stood between an answer and its wrapping."""
    while (found := _RULE.match(text[:40])) is not None:
        text = text[found.end() :].strip()
    while (found := _last_rule(text)) is not None and not text[found.end() :].strip():
        text = text[: found.start()].strip()
    return text


def _last_rule(text: str) -> re.Match[str] | None:
    start = max(0, len(text) - MOST_EXPLAINED)
    last = None
    for found in _RULE.finditer(text, start):
        last = found
    return last


def _explanation(text: str) -> int:
    rule = _last_rule(text)
    if rule is None or not rule.start():
        return len(text)
    said = text[rule.end() :][:100].translate(_PLAIN)
    return rule.start() if any(known.heading.match(said) for known in PATTERNS) else len(text)


def _is_postamble(said: str, before: str, known: _Patterns) -> bool:
    if known.about.fullmatch(said):
        return True
    if known.remark.match(said) and known.remarked.search(said):
        return True
    is_sure = is_polite = is_asked = False
    for each in _SENTENCE.findall(said):
        sentence = each.strip(_AROUND)
        if not sentence:
            continue
        if known.about.fullmatch(sentence) or _offers_another(sentence, known):
            is_sure = True
        elif known.courtesy.fullmatch(sentence):
            is_polite = True
            is_asked |= known.offer.match(sentence) is not None
        elif not known.mere.fullmatch(sentence):
            return False
    if is_sure or not is_polite:
        return is_sure
    # "Let me know!" after a question is for the reader, and so is what ends a letter before its signature.
    return not (_is_open_letter(before, known) or (is_asked and before.rstrip().endswith("?")))


def _is_open_letter(before: str, known: _Patterns) -> bool:
    if known.greeting.match(before[:100]) is None:
        return False
    before = before.rstrip()
    last = before[before.rfind("\n", max(0, len(before) - _LONGEST_SIGNATURE)) + 1 :].strip()
    return len(last) > _LONGEST_SIGNATURE or last.endswith((".", "!", "?", ":", ","))


def _offers_another(sentence: str, known: _Patterns) -> bool:
    # After a colon comes what only copy has to say.
    if ":" in sentence or known.product.search(sentence):
        return False
    return known.offer.match(sentence) is not None and known.change.search(sentence) is not None
