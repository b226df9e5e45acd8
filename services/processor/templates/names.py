"""What the holes of prompts can mean: columns and custom variables, found at once however many there are."""

from collections.abc import Iterable, Mapping, Sequence

from services.processor.templates.errors import AmbiguousVariable, UnknownVariable


class Columns:
    """Columns by their names: a name exactly as written comes first, then the same name in any case."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._exact: dict[str, list[int]] = {}
        self._stripped: dict[str, list[int]] = {}
        self._folded: dict[str, list[int]] = {}
        self._count = 0
        self.add(names)

    def add(self, names: Iterable[str]) -> None:
        """Append columns, such as the outputs of a step for the steps after it."""
        for name in names:
            stripped = name.strip()
            self._exact.setdefault(name, []).append(self._count)
            self._stripped.setdefault(stripped, []).append(self._count)
            self._folded.setdefault(stripped.casefold(), []).append(self._count)
            self._count += 1

    def has(self, name: str) -> bool:
        """Whether a name means a column, be it several."""
        return name.strip().casefold() in self._folded

    def find(self, name: str, template: str) -> int:
        """Return which column a name means; raise UnknownVariable or AmbiguousVariable."""
        found: Sequence[int]
        for known, key in (
            (self._exact, name),
            (self._stripped, name),
            (self._folded, name.casefold()),
        ):
            found = known.get(key, ())
            if len(found) == 1:
                return found[0]
            if found:
                raise AmbiguousVariable(
                    f"Variable {{{{{name}}}}} fits several columns: write it exactly as one of them",
                    variable=name,
                    template=template,
                )
        raise unknown(name, template)


def key_of(name: str) -> str:
    """Return the key of the custom variable that `$Name` means."""
    return name.removeprefix("$").strip()


class CustomValues:
    """Values of custom variables by the names that prompts give them, the exact spelling first."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._folded: dict[str, str] = {}
        for key, value in values.items():
            self._folded.setdefault(key.casefold(), value)

    def find(self, name: str) -> str | None:
        """Return the value that `$Name` means; None when there is none."""
        key = key_of(name)
        found = self._values.get(key)
        return self._folded.get(key.casefold()) if found is None else found


def unknown(name: str, template: str) -> UnknownVariable:
    """Return the refusal of a name that nothing has."""
    return UnknownVariable(
        f"Unknown variable {{{{{name}}}}}" + (f" in template {template}" if template else ""),
        variable=name,
        template=template,
    )
