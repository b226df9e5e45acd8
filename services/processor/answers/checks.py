"""What is checked of each answer before it is saved: it is freed of its wrapping, and flagged."""

import re
from collections.abc import Iterable, Sequence

from services.common.aside import aside, go_on
from services.processor.answers import flags
from services.processor.answers.autofix import fix
from services.processor.answers.whole_words import WholeWords
from services.processor.templates.prompt import Prompt
from services.processor.templates.prompt_settings import PromptSettings

#: Answers shorter than this are flagged (in characters).
SHORTEST_CHARACTERS = 15
#: An answer is looked at up to this many characters: twice what a spreadsheet's cell holds (32,767 in Excel).
#: That takes up to 50 milliseconds. A longer answer keeps its wrapping.
MOST_CHARACTERS = 65_536
#: Together with the values that are looked for, longer ones than this are looked at beside the event loop: it
#: takes 5 milliseconds at worst to look at as many.
_LOOP_CHARACTERS = 4096
#: Processor time for one answer: ten times what the worst that is known needs.
_CPU_SECONDS = 0.5

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
        self._forbidden = WholeWords(settings.forbidden_words)
        self._used = sorted(column for column, _ in prompt.used)
        self._constants = prompt.constants
        self._is_text = not settings.json_schema

    async def checked(
        self, answers: Sequence[str], values: Sequence[str], *, account: str
    ) -> tuple[tuple[str, ...], int]:
        """Do as `check` without holding up the event loop; raise TooCostly when an answer takes too long."""
        sought = sum(len(values[column]) for column in self._used) + sum(map(len, self._constants))
        if sum(map(len, answers)) + sought <= _LOOP_CHARACTERS:
            return self.check(answers, values)
        return await aside(lambda: self.check(answers, values), account=account, cpu_seconds=_CPU_SECONDS)

    def check(self, answers: Sequence[str], values: Sequence[str]) -> tuple[tuple[str, ...], int]:
        """Return what is saved of a step's answers and their flags; `values` are what its prompt was made of.

        Values of a JSON answer are kept as they are: nothing is wrapped around them, and they may be short.
        """
        found: list[str] = []
        texts: list[str] = []
        seen: list[str] = []
        left = MOST_CHARACTERS
        for answer in answers:
            text = answer
            if self._is_text and len(answer) <= MOST_CHARACTERS:
                fixed = fix(answer)
                text = fixed.text
                found += fixed.found
            texts.append(text)
            seen.append(text[:left])
            left -= len(seen[-1])
            self._measure(text, found)
            self._look(seen[-1], found)
        if _is_generic("\n".join(seen), (*(values[column] for column in self._used), *self._constants)):
            found.append("generic")
        return tuple(texts), flags.mask(found)

    def _measure(self, text: str, found: list[str]) -> None:
        if self._is_text and len(text.strip()) < SHORTEST_CHARACTERS:
            found.append("too_short")
        if self._characters and len(text) > self._characters:
            found.append("over_char_limit")
        if self._words and len(text) > self._words and _has_more_words(text, self._words):
            found.append("over_word_limit")

    def _look(self, text: str, found: list[str]) -> None:
        go_on()
        if self._forbidden.are_in(text):
            found.append("forbidden_word")
        go_on()
        # A brace or bracket must be there; most answers have none.
        if ("{" in text or "[" in text) and _PLACEHOLDER.search(text):
            found.append("has_placeholder")
        go_on()
        if _AI_SPEAK.search(text):
            found.append("has_ai_speak")
        go_on()
        if _CLICHE.search(text):
            found.append("has_cliche")


def _has_more_words(text: str, most: int) -> bool:
    """Whether a text has more words than that; it is cut into pieces of which each is quickly split."""
    words = 0
    for start in range(0, len(text), MOST_CHARACTERS):
        go_on()
        words += len(text[start : start + MOST_CHARACTERS].split())
        # A word that goes on from the piece before has been counted there.
        if start and not text[start - 1].isspace() and not text[start].isspace():
            words -= 1
        if words > most:
            return True
    return False


def _is_generic(text: str, values: Iterable[str]) -> bool:
    """Whether there are values and none of them appears in the text."""
    filled = {value.strip().casefold() for value in values if value.strip()}
    if not filled:
        return False
    folded = text.casefold()
    if WholeWords(value for value in filled if len(value) < _SHORTEST_PART).are_in(folded):
        return False
    for value in filled:
        go_on()
        if len(value) >= _SHORTEST_PART and value in folded:
            return False
    return True
