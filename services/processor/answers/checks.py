"""What is checked of each answer before it is saved: it is freed of its wrapping, and flagged."""

import re
from collections.abc import Iterable, Sequence

from services.processor.answers import flags
from services.processor.answers.autofix import fix
from services.processor.templates.prompt import Prompt
from services.processor.templates.prompt_settings import PromptSettings

#: Answers shorter than this are flagged (in characters).
SHORTEST_CHARACTERS = 15

_PLACEHOLDER = re.compile(
    r"\{\{[^{}\n]{0,80}\}\}"
    # A single letter in braces is mathematics.
    r"|\{[^\W\d_][\w .'-]{1,60}\}"
    # Square brackets also hold links of Markdown, check boxes and remarks of editors.
    r"|\[(?!(?:sic|x|emphasis added|redacted)\])[^\W\d_][\w .,'’/-]{1,60}\](?!\()",
    re.IGNORECASE,
)
# What an assistant says it cannot do; a person in the same words says other things.
_TASK = r"(?:assist|help(?! but\b)|comply|provide|fulfil|generate|create|write|access|browse|do that|answer)"
_AI_SPEAK = re.compile(
    r"\bas an? (?:ai\b|artificial intelligence|(?:large )?language model)"
    # "I cannot wait" and its like are what people say.
    r"|\bi cannot(?! (?:wait|stress|recommend|emphasi[sz]e|overstate|thank|help but|imagine|say enough)\b)"
    rf"|\bi(?: can['’]t|(?: a|['’])m (?:unable|not able) to) {_TASK}"
    r"|\bi do(?: not|n['’]t) have (?:access to|the ability to|personal (?:opinions|experiences?)|real-?time)"
    r"|\bi['’]m (?:just |only )?an? (?:ai\b|language model)"
    r"|\bmy (?:training data|knowledge cutoff)",
    re.IGNORECASE,
)
_CLICHE = re.compile(
    r"\b(?:"
    r"hope (?:this|my|the) (?:e-?mail|message|note)? ?finds you(?: (?:well|in good))?"
    r"|hope (?:you(?:['’]re| are)|all is) (?:doing )?well"
    r"|circle back|circling back|touch(?:ing)? base"
    r"|synerg(?:y|ies|i[sz]e)|low[- ]hanging fruit|move the needle|game[- ]?changer|game[- ]changing"
    r"|think(?:ing)? outside the box|at the end of the day|best[- ]in[- ]class|cutting[- ]edge"
    r"|take (?:it|things|your \w+) to the next level|pick your brain|win[- ]win|paradigm shift"
    r"|just (?:wanted to )?(?:check(?:ing)? in|follow(?:ing)? up)|per my last e-?mail"
    r"|in today['’]s (?:fast[- ]paced|digital|competitive)|look no further|deep dive"
    r")\b",
    re.IGNORECASE,
)
# Shorter values than this would be found inside other words.
_SHORTEST_PART = 4


class AnswerChecks:
    """The checks of one step's answers, put together once for all rows."""

    def __init__(self, settings: PromptSettings, prompt: Prompt) -> None:
        self._characters = settings.character_limit
        self._words = settings.word_limit
        self._forbidden = _whole_words(settings.forbidden_words)
        self._used = sorted({part for part in prompt.segments if isinstance(part, int)})
        self._constants = prompt.constants
        self._is_text = not settings.json_schema

    def check(self, answers: Sequence[str], values: Sequence[str]) -> tuple[tuple[str, ...], int]:
        """Return what is saved of a step's answers and their flags; `values` are what its prompt was made of.

        Values of a JSON answer are kept as they are: nothing is wrapped around them, and they may be short.
        """
        found: list[str] = []
        texts: list[str] = []
        for answer in answers:
            text = answer
            if self._is_text:
                fixed = fix(answer)
                text = fixed.text
                found += fixed.found
            texts.append(text)
            self._look(text, found)
        if _is_generic("\n".join(texts), (*(values[column] for column in self._used), *self._constants)):
            found.append("generic")
        return tuple(texts), flags.mask(found)

    def _look(self, text: str, found: list[str]) -> None:
        if self._forbidden is not None and self._forbidden.search(text):
            found.append("forbidden_word")
        # A brace or bracket must be there; most answers have none.
        if ("{" in text or "[" in text) and _PLACEHOLDER.search(text):
            found.append("has_placeholder")
        if _AI_SPEAK.search(text):
            found.append("has_ai_speak")
        if self._is_text and len(text.strip()) < SHORTEST_CHARACTERS:
            found.append("too_short")
        if self._characters and len(text) > self._characters:
            found.append("over_char_limit")
        if self._words and len(text.split()) > self._words:
            found.append("over_word_limit")
        if _CLICHE.search(text):
            found.append("has_cliche")


def _whole_words(words: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds any of the words, whole and in any case, with any space between those of a phrase."""
    patterns = [r"\s+".join(map(re.escape, word.split())) for word in words if word.strip()]
    if not patterns:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


def _is_generic(text: str, values: Iterable[str]) -> bool:
    """Whether there are values and none of them appears in the text."""
    filled = [value.strip().casefold() for value in values if value.strip()]
    if not filled:
        return False
    folded = text.casefold()
    return not any(_appears(value, folded) for value in filled)


def _appears(value: str, text: str) -> bool:
    if value not in text:
        return False
    if len(value) >= _SHORTEST_PART:
        return True
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None
