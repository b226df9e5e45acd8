"""Preambles: a first line or sentence that agrees to the task or announces the text, and speaks to who asked.

The first line of copy may begin with the same words. So an announcement must name what is announced, end in a
colon or with its line, and have no word in it that is for the reader of the copy. If the text goes on in the
same line, it takes more, because copy often announces its own point there: "Here's an idea: ...".
"""

import re
from dataclasses import dataclass
from typing import Self

from services.processor.answers.wrapping.language import Language
from services.processor.answers.wrapping.languages import LANGUAGES

#: Longer announcements are none. Whatever a provider sends, no more than this is looked at.
MOST_CHARACTERS = 300
_MOST_AGREEMENTS = 3
# A colon ends an announcement before a space or a quotation mark, also in bold type; else its line does.
_END = re.compile(r"\s?(?P<colon>[*_]*:[*_]*)(?=\s|[\"“«„])|[*_ ]*\n")
_SENTENCE = re.compile(r"[.!]\s")
_BELOW = r"(?:below|please find|find below|nachfolgend|anbei|ci-dessous|a continuación)"
_LINE_BREAK = re.compile(r"[^\S\n]*(?:\n|\Z)")
_PLAIN = str.maketrans("’ʼ", "''")


@dataclass(frozen=True, slots=True)
class _Patterns:
    agreement: re.Pattern[str]
    exclaimed: re.Pattern[str]
    announcement: re.Pattern[str]
    below: re.Pattern[str]
    presenting: re.Pattern[str]
    whole: re.Pattern[str]
    common: re.Pattern[str]
    yours: re.Pattern[str]
    tail: re.Pattern[str]
    small: re.Pattern[str]
    reader: re.Pattern[str]
    task: re.Pattern[str]

    @classmethod
    def of(cls, words: Language) -> Self:
        noun = rf"(?:(?P<work>{words.work})|(?P<finding>{words.finding})|(?P<loose>{words.loose}))"
        parts = {
            "agreement": rf"[*_¡]*{words.agreeing}(?:\s?[!.,…]+|\s?[–—-](?=\s)|(?=[*_]*\s*\n))[*_]*\s+",
            "exclaimed": rf"[*_¡]*{words.exclaimed}\s?!",
            "announcement": (
                rf"[*_>]*{words.reason}?(?P<opening>{words.announcing}\s+)?"
                rf"(?:(?P<article>{words.article})\s+|(?P<pointing>{words.pointing})\s*)?"
                rf"(?P<middle>(?:[^\s:]{{1,40}}\s+){{0,7}}?){noun}"
                rf"(?: (?:{words.work}|{words.loose}))?(?![\w-])(?P<tail>[^\n]{{0,200}})"
            ),
            "presenting": rf"[*_]*{words.presenting}[!.]?",
            "whole": rf"[*_]*{words.whole}[!.]?",
        }
        others = {
            name: getattr(words, name) for name in ("common", "yours", "tail", "small", "reader", "task")
        }
        others["below"] = rf"{words.reason}?{_BELOW}"
        return cls(**{name: re.compile(part, re.IGNORECASE) for name, part in (parts | others).items()})


PATTERNS = tuple(_Patterns.of(language) for language in LANGUAGES)


def preamble_end(text: str) -> int:
    """Return where the answer begins after its preamble; 0 if it has none."""
    head = text[:MOST_CHARACTERS].translate(_PLAIN)
    return max(_end(head, patterns) for patterns in PATTERNS)


def _end(head: str, known: _Patterns) -> int:
    # `sure` is where the text begins for certain, `place` where it does if an announcement follows.
    place = sure = 0
    for _ in range(_MOST_AGREEMENTS):
        agreed = known.agreement.match(head, place)
        if agreed is None:
            break
        is_line = "\n" in agreed[0]
        is_exclaimed = known.exclaimed.fullmatch(agreed[0].rstrip().rstrip("*_")) is not None
        # After it, a sentence begins; in "Certainly! is what ..." none does.
        if sure == place and (is_line or (is_exclaimed and not head[agreed.end() :][:1].islower())):
            sure = agreed.end()
        place = agreed.end()
    return _announced(head, place, known) or sure


def _announced(head: str, start: int, known: _Patterns) -> int:
    """Return where an announcement ends that begins there; 0 if there is none."""
    end = _END.search(head, start)
    said = head[start : end.start() if end else len(head)]
    if first := _SENTENCE.search(said):
        # "Below is an opener." needs no colon; of others, the announcement is more than a sentence.
        said = said[: first.start()]
        found = known.announcement.fullmatch(said)
        is_below = found is not None and known.below.match(said) is not None
        is_good = found is not None and is_below and _speaks_of_the_text(found, start > 0, known)
        return start + first.end() if is_good else 0
    if end is None:
        return 0
    after = end.end()
    is_line = end["colon"] is None or _LINE_BREAK.match(head, after) is not None
    if known.presenting.fullmatch(said) or (is_line and known.whole.fullmatch(said)):
        return after
    found = known.announcement.fullmatch(said.rstrip(".!…"))
    if found is None:
        return 0
    decorated = said.startswith("**") and "**" in (end["colon"] or "") and bool(found["tail"].strip())
    if not (found["opening"] or start or decorated) or not (
        found["article"] or found["pointing"] or decorated
    ):
        return 0
    if end["colon"] is None and not (found["work"] and (found["opening"] or start)):
        return 0
    if not _speaks_of_the_text(found, start > 0, known):
        return 0
    return after if is_line or decorated or _may_stand_in_line(found, start > 0, known) else 0


def _speaks_of_the_text(found: re.Match[str], agreed: bool, known: _Patterns) -> bool:
    said, tail = found[0], found["tail"].strip(" ,")
    if known.small.search(found["middle"]):
        return False
    if known.task.search(said):
        return True
    if known.reader.search(said):
        return False
    if tail and not known.tail.match(tail):
        return False
    return bool(found["work"] or found["finding"] or agreed or not tail)


def _may_stand_in_line(found: re.Match[str], agreed: bool, known: _Patterns) -> bool:
    """Whether it is an announcement although the text goes on in the same line."""
    if agreed or known.task.search(found[0]):
        return True
    if not found["work"]:
        return False
    if not found["article"]:
        # "Here is your hook" speaks to who asked; "here is the hook" may be a figure of speech.
        return bool(known.yours.fullmatch(found["pointing"] or "")) and not known.common.fullmatch(
            found["work"]
        )
    is_bare = not found["middle"].strip() and not found["tail"].strip()
    return not (is_bare and known.common.fullmatch(found["work"]))
