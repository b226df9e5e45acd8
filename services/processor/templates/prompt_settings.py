"""How a model is prompted and what its answers become: one value from the template to the sealed snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from services.processor.templates import schema

DEFAULT_MODEL = "gpt-4o-mini"
DEFAULT_TEMPERATURE = 0.7
DEFAULT_MAX_TOKENS = 500
#: For models that think: their thinking counts as part of the answer. With less, many answers are cut off
#: before they begin, and are paid for; with more, a job's budget sets more aside for each call.
DEFAULT_THINKING_TOKENS = 5000


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """A prompt, the model it goes to, the limits of its answer, and the columns the answer fills.

    The names and the order of the fields are a stored format: sealed snapshots have the names as keys, and
    digests of requests cover both. New fields must go to the end and have a default.
    """

    prompt: str
    output_column: str
    model: str = DEFAULT_MODEL
    temperature: float = DEFAULT_TEMPERATURE
    max_tokens: int = DEFAULT_MAX_TOKENS
    #: 0 means no limit.
    character_limit: int = 0
    word_limit: int = 0
    forbidden_words: tuple[str, ...] = ()
    reference_columns: tuple[str, ...] = ()
    json_schema: str = ""
    #: How much a model thinks; empty means that nothing is said of it.
    reasoning_effort: str = ""
    #: Sent in place of `max_tokens` unless it is 0.
    max_completion_tokens: int = 0
    #: The answer is one of a few words, which is neither too short nor generic.
    is_choice: bool = False
    #: Answers are saved as they came, with what models wrap around them.
    auto_fix_off: bool = False

    @property
    def most_tokens(self) -> int:
        """The most tokens of an answer, with the thinking before it."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that answers fill: one, or one for each property of the schema."""
        if not self.json_schema:
            return (self.output_column,)
        return tuple(f"{self.output_column}.{name}" for name in schema.properties(self.json_schema))

    def document(self) -> dict[str, Any]:
        """Return the settings by name, in their order."""
        return {name: getattr(self, name) for name in NAMES}

    def stored(self) -> dict[str, Any]:
        """Return the settings for a snapshot: later ones only if they say something.

        A worker of an earlier release reads snapshots that have none of them.
        """
        return {name: each for name, each in self.document().items() if each or name not in _LATER}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the settings that a document holds by name, with defaults for those it lacks."""
        values: dict[str, Any] = {
            name: tuple(each) if isinstance(each, list) else each for name, each in document.items()
        }
        return cls(**values)


_LATER = frozenset({"reasoning_effort", "max_completion_tokens", "is_choice", "auto_fix_off"})
#: Every setting, in order.
NAMES = tuple(field.name for field in fields(PromptSettings))
