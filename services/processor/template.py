"""Prompts with holes: parsing, binding holes to columns, and filling them in one pass."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.processor.errors import AmbiguousVariable, TemplateInvalid, UnknownVariable

OPEN = "{{"
CLOSE = "}}"
ESCAPED = "\\{{"


@dataclass(frozen=True, slots=True)
class Variable:
    """A hole, by the name between its braces without the space around it."""

    name: str


Part = str | Variable


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt bound to columns: text, and positions in the row's values."""

    segments: tuple[str | int, ...]

    def render(self, values: Sequence[str]) -> str:
        """Return the prompt for one row. What a value holds is text, never another hole."""
        return "".join([s if type(s) is str else values[s] for s in self.segments])  # type: ignore[index]


def parse(text: str) -> tuple[Part, ...]:
    """Split a prompt into text and holes; raise TemplateInvalid for a hole without an end or a name."""
    parts: list[Part] = []
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


def _add_text(parts: list[Part], literal: list[str]) -> None:
    if text := "".join(literal):
        parts.append(text)
    literal.clear()


def bind(parts: Sequence[Part], columns: Sequence[str], *, template: str = "") -> Prompt:
    """Bind holes to columns: the exact name first, then the same name but for case.

    `template` names the template in the errors: UnknownVariable for a name that no column has,
    AmbiguousVariable for one that fits several columns equally well.
    """
    return Prompt(
        tuple(
            position(part.name, columns, template) if isinstance(part, Variable) else part for part in parts
        )
    )


def position(name: str, columns: Sequence[str], template: str) -> int:
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
    raise UnknownVariable(
        f"Unknown variable {{{{{name}}}}}" + (f" in template {template}" if template else ""),
        variable=name,
        template=template,
    )
