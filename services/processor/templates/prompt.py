"""Prompts with holes: parsing, binding holes to columns, and filling them in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.processor.templates.errors import AmbiguousVariable, TemplateInvalid, UnknownVariable

OPEN = "{{"
CLOSE = "}}"
ESCAPED = "\\{{"


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
    """A prompt bound to columns: text, positions in the row's values, and the custom variables put in."""

    segments: tuple[str | int, ...]
    constants: tuple[str, ...] = ()

    def render(self, values: Sequence[str]) -> str:
        """Return the prompt for one row. What a value holds is text, never another hole."""
        return "".join([s if type(s) is str else values[s] for s in self.segments])  # type: ignore[index]


def parse_prompt(text: str) -> tuple[PromptPart, ...]:
    """Split a prompt into text and holes; raise TemplateInvalid for a hole without an end or a name."""
    parts: list[PromptPart] = []
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
        _add_text(parts, literal)
        parts.append(Variable(name))
        at = end + len(CLOSE)
    _add_text(parts, literal)
    return tuple(parts)


def _add_text(parts: list[PromptPart], literal: list[str]) -> None:
    if text := "".join(literal):
        parts.append(text)
    literal.clear()


def bind_prompt(
    parts: Sequence[PromptPart],
    columns: Sequence[str],
    *,
    template: str = "",
    variables: Mapping[str, str] | None = None,
) -> Prompt:
    """Bind holes to columns: the exact name first, then the same name but for case.

    A name with a dollar sign is one of the custom `variables`. `template` names the template in the errors:
    UnknownVariable for a name that nothing has, AmbiguousVariable for one that fits several columns
    equally well.
    """
    segments: list[str | int] = []
    constants: list[str] = []
    for part in parts:
        if not isinstance(part, Variable):
            segments.append(part)
        elif part.is_custom:
            value = custom_value(part.name, variables or {})
            if value is None:
                raise _unknown(part.name, template)
            segments.append(value)
            constants.append(value)
        else:
            segments.append(column_of(part.name, columns, template))
    return Prompt(tuple(segments), tuple(constants))


def custom_value(name: str, variables: Mapping[str, str]) -> str | None:
    """Return the custom variable that `$Name` means, the exact spelling first; None when there is none."""
    key = name.removeprefix("$").strip()
    if key in variables:
        return variables[key]
    folded = key.casefold()
    return next((value for each, value in variables.items() if each.casefold() == folded), None)


def is_known(name: str, columns: Sequence[str], variables: Mapping[str, str]) -> bool:
    """Whether a hole's name means a column or a custom variable, be it several."""
    if name.startswith("$"):
        return custom_value(name, variables) is not None
    return any(column.strip().casefold() == name.casefold() for column in columns)


def _unknown(name: str, template: str) -> UnknownVariable:
    return UnknownVariable(
        f"Unknown variable {{{{{name}}}}}" + (f" in template {template}" if template else ""),
        variable=name,
        template=template,
    )


def column_of(name: str, columns: Sequence[str], template: str) -> int:
    """Return which column a name means; raise UnknownVariable or AmbiguousVariable."""
    folded = name.casefold()
    for candidates in (
        [i for i, column in enumerate(columns) if column == name],
        [i for i, column in enumerate(columns) if column.strip() == name],
        [i for i, column in enumerate(columns) if column.strip().casefold() == folded],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise AmbiguousVariable(
                f"Variable {{{{{name}}}}} fits several columns: write it exactly as one of them",
                variable=name,
                template=template,
            )
    raise _unknown(name, template)
