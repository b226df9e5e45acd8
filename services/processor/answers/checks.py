"""What is checked of each answer before it is saved: it is freed of its wrapping, and flagged."""

from collections.abc import Sequence

from services.common.aside import aside, go_on
from services.processor.answers import flags
from services.processor.answers.autofix import fix
from services.processor.answers.signs.ai_speak import has_ai_speak
from services.processor.answers.signs.cliches import has_cliche
from services.processor.answers.signs.generic import is_generic
from services.processor.answers.signs.placeholders import has_placeholder
from services.processor.answers.signs.plain import plain
from services.processor.answers.whole_words import WholeWords
from services.processor.templates import schema
from services.processor.templates.names import key_of
from services.processor.templates.prompt import Prompt, Variable, parse_prompt
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


class AnswerChecks:
    """The checks of one step's answers, put together once for all rows."""

    def __init__(self, settings: PromptSettings, prompt: Prompt) -> None:
        self._characters = settings.character_limit
        self._words = settings.word_limit
        self._forbidden = WholeWords(map(plain, settings.forbidden_words))
        self._names = _names(settings.prompt)
        self._used = sorted(column for column, _ in prompt.used)
        self._constants = prompt.constants
        self._is_text = not settings.json_schema
        self._fixes = self._is_text and not settings.auto_fix_off
        self._is_choice = settings.is_choice or (not self._is_text and schema.is_choice(settings.json_schema))

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
        sought = [plain(value) for value in (*(values[column] for column in self._used), *self._constants)]
        left = MOST_CHARACTERS
        for answer in answers:
            text = answer
            if self._fixes and len(answer) <= MOST_CHARACTERS:
                fixed = fix(answer)
                text = fixed.text
                found += fixed.found
            texts.append(text)
            part = text[:left]
            left -= len(part)
            go_on()
            seen.append(plain(part))
            self._measure(text, found)
            self._look(seen[-1], sought, found)
        if not self._is_choice and is_generic("\n".join(seen), sought):
            found.append("generic")
        return tuple(texts), flags.mask(found)

    def _measure(self, text: str, found: list[str]) -> None:
        if self._is_text and not self._is_choice and len(text.strip()) < SHORTEST_CHARACTERS:
            found.append("too_short")
        if self._characters and len(text) > self._characters:
            found.append("over_char_limit")
        if self._words and len(text) > self._words and _has_more_words(text, self._words):
            found.append("over_word_limit")

    def _look(self, text: str, values: Sequence[str], found: list[str]) -> None:
        go_on()
        if self._forbidden.are_in(text):
            found.append("forbidden_word")
        go_on()
        if has_placeholder(text, self._names):
            found.append("has_placeholder")
        go_on()
        if has_ai_speak(text):
            found.append("has_ai_speak")
        go_on()
        if has_cliche(text, values):
            found.append("has_cliche")


def _names(prompt: str) -> frozenset[str]:
    """Return the names of a prompt's variables, in one case: a model may leave them as holes."""
    parts = parse_prompt(prompt)
    return frozenset(key_of(part.name).casefold() for part in parts if isinstance(part, Variable))


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
