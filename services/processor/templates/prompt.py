"""Prompts with holes: parsing, binding holes to columns, and filling them in one pass."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.common.aside import aside, go_on
from services.processor.templates.errors import PromptTooLarge, TemplateInvalid
from services.processor.templates.names import Columns, CustomValues, key_of, unknown

OPEN = "{{"
CLOSE = "}}"
ESCAPED = "\\{{"
#: A prompt with its values filled in: more than any model reads, and little enough to hold one for each call.
MOST_BYTES = 1024 * 1024
#: Different names in one prompt: a file has a hundred columns unless the operator says otherwise.
MOST_NAMES = 500
#: A prompt in more pieces is put together beside the event loop. As many take a tenth of a millisecond.
_LOOP_SEGMENTS = 500


@dataclass(frozen=True, slots=True)
class Variable:
    """A hole, by the name between its braces without the space around it."""

    name: str

    @property
    def is_custom(self) -> bool:
        """Whether it names a custom variable of the account rather than a column."""
        return self.name.startswith("$")


PromptPart = str | Variable


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt bound to columns: text, positions in the row's values, and the custom variables put in.

    `fixed_bytes` are those of everything but the row's values, `used` how often each position appears.
    """

    segments: tuple[str | int, ...]
    constants: tuple[str, ...] = ()
    fixed_bytes: int = 0
    used: tuple[tuple[int, int], ...] = ()

    def size(self, values: Sequence[str]) -> int:
        """Return the bytes that the prompt has for a row at least: values that are not there yet count 0."""
        return self.size_of(
            [_bytes(values[column]) if column < len(values) else 0 for column, _ in self.used]
        )

    def size_of(self, sizes: Sequence[int]) -> int:
        """Return the bytes of the prompt with values of these sizes, in the order of `used`."""
        return self.fixed_bytes + sum(times * size for (_, times), size in zip(self.used, sizes, strict=True))

    def check_size(self, values: Sequence[str], *, template: str = "") -> None:
        """Raise PromptTooLarge when the prompt for a row, or as much as is known of it, is too large."""
        if self.size(values) > MOST_BYTES:
            raise PromptTooLarge(template=template)

    def render(self, values: Sequence[str]) -> str:
        """Return the prompt for one row; raise PromptTooLarge before it is made.

        What a value holds is text, never another hole.
        """
        self.check_size(values)
        return "".join([s if type(s) is str else values[s] for s in self.segments])  # type: ignore[index]

    async def rendered(self, values: Sequence[str], *, account: str) -> str:
        """Do as `render` without holding up the event loop."""
        if len(self.segments) <= _LOOP_SEGMENTS:
            return self.render(values)
        return await aside(lambda: self.render(values), account=account)


def parse_prompt(text: str) -> tuple[PromptPart, ...]:
    """Split a prompt into text and holes; raise TemplateInvalid for a hole without an end or a name.

    TemplateInvalid also when it has more different names than a prompt may have.
    """
    parts: list[PromptPart] = []
    names: set[str] = set()
    literal: list[str] = []
    at = 0
    while True:
        start = text.find(OPEN, at)
        if start < 0:
            literal.append(text[at:])
            break
        if start > 0 and text[start - 1] == "\\" and start > at:
            literal.append(text[at : start - 1] + OPEN)
            at = start + len(OPEN)
            continue
        literal.append(text[at:start])
        end = text.find(CLOSE, start + len(OPEN))
        name = text[start + len(OPEN) : end].strip() if end >= 0 else ""
        if not name:
            what = "has no end" if end < 0 else "is empty"
            raise TemplateInvalid(violations=[("prompt", f"the variable at character {start + 1} {what}")])
        names.add(name)
        if len(names) > MOST_NAMES:
            raise TemplateInvalid(violations=[("prompt", f"has more than {MOST_NAMES} different variables")])
        _add_text(parts, literal)
        parts.append(Variable(name))
        at = end + len(CLOSE)
    _add_text(parts, literal)
    return tuple(parts)


def custom_names(texts: Iterable[str]) -> set[str]:
    """Return the folded keys of the custom variables that prompts name; raise TemplateInvalid."""
    names: set[str] = set()
    for text in texts:
        go_on()
        holes = (part for part in parse_prompt(text) if isinstance(part, Variable))
        names |= {key_of(hole.name).casefold() for hole in holes if hole.is_custom}
    return names


def _add_text(parts: list[PromptPart], literal: list[str]) -> None:
    if text := "".join(literal):
        parts.append(text)
    literal.clear()


def bind_prompt(
    parts: Sequence[PromptPart],
    columns: Columns,
    *,
    template: str = "",
    variables: CustomValues | None = None,
) -> Prompt:
    """Bind holes to columns: the exact name first, then the same name but for case.

    A name with a dollar sign is one of the custom `variables`. `template` names the template in the errors:
    UnknownVariable for a name that nothing has, AmbiguousVariable for one that fits several columns
    equally well, PromptTooLarge when no row could make a prompt that is sent.
    """
    segments: list[str | int] = []
    constants: dict[str, int] = {}
    used: Counter[int] = Counter()
    known: dict[str, str | int] = {}
    fixed = 0
    for part in parts:
        if not isinstance(part, Variable):
            segments.append(part)
            fixed += _bytes(part)
            continue
        meant = known.get(part.name)
        if meant is None:
            meant = known[part.name] = _meant(part, columns, variables, template)
        segments.append(meant)
        if isinstance(meant, int):
            used[meant] += 1
        else:
            if meant not in constants:
                constants[meant] = _bytes(meant)
            fixed += constants[meant]
    if fixed > MOST_BYTES:
        raise PromptTooLarge(template=template)
    return Prompt(tuple(segments), tuple(constants), fixed, tuple(used.items()))


def _meant(hole: Variable, columns: Columns, variables: CustomValues | None, template: str) -> str | int:
    if not hole.is_custom:
        return columns.find(hole.name, template)
    value = None if variables is None else variables.find(hole.name)
    if value is None:
        raise unknown(hole.name, template)
    return value


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
