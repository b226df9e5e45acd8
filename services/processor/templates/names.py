"""What the holes of prompts can mean: columns and custom variables, found at once however many there are."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from services.common.texts.column_names import column_key
from services.processor.templates.errors import AmbiguousVariable, UnknownVariable

#: How much of names is compared and shown. More makes a refusal slow, and longer than an answer may be.
_COMPARED = 60
_SHOWN = 60
_LISTED = 200
#: How alike the nearest name must be. Lower, and names that have nothing to do with it are called near.
_ALIKE = 0.6


class Columns:
    """Columns by their names: a name as people see it comes first, then the same name in any case."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names: list[str] = []
        self._same: dict[str, list[int]] = {}
        self._folded: dict[str, list[int]] = {}
        self.add(names)

    def add(self, names: Iterable[str]) -> None:
        """Append columns, such as the outputs of a step for the steps after it."""
        for name in names:
            key, place = column_key(name), len(self._names)
            self._same.setdefault(key, []).append(place)
            self._folded.setdefault(key.casefold(), []).append(place)
            self._names.append(name)

    def has(self, name: str) -> bool:
        """Whether a name means a column, be it several."""
        return column_key(name).casefold() in self._folded

    def find(self, name: str, template: str) -> int:
        """Return which column a name means; raise UnknownVariable or AmbiguousVariable."""
        key = column_key(name)
        for known, wanted in ((self._same, key), (self._folded, key.casefold())):
            found = known.get(wanted, ())
            if len(found) == 1:
                return found[0]
            if found:
                raise self._ambiguous(name, found, template)
        raise unknown(name, template, self)

    def nearest(self, name: str) -> str:
        """Return the column whose name is most like another name; empty when none is like it."""
        keys: dict[str, str] = {}
        for known in self._names:
            keys.setdefault(column_key(known).casefold()[:_COMPARED], known)
        found = get_close_matches(column_key(name).casefold()[:_COMPARED], keys, n=1, cutoff=_ALIKE)
        return keys[found[0]] if found else ""

    def listed(self) -> str:
        """Return the names of the columns, as many as a refusal has room for."""
        text = ", ".join(map(_short, self._names[:_LISTED]))
        return text if len(text) <= _LISTED else f"{text[:_LISTED]}..."

    def _ambiguous(self, name: str, found: Sequence[int], template: str) -> AmbiguousVariable:
        names = [self._names[place] for place in found]
        if len({column_key(each) for each in names}) == 1:
            hint = "their names look the same, so rename one of them in the file"
        else:
            hint = "write it exactly as one of them"
        both = ", ".join(map(_short, names[:3]))
        return AmbiguousVariable(
            f"Variable {{{{{name}}}}} fits several columns ({both}): {hint}",
            variable=name,
            template=template,
            columns=both,
        )


def _short(name: str) -> str:
    shown = column_key(name)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


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


def unknown(name: str, template: str, columns: Columns | None = None) -> UnknownVariable:
    """Return the refusal of a name that nothing has, with the nearest column and those that there are."""
    said = f"Unknown variable {{{{{name}}}}}" + (f" in template {template}" if template else "")
    refusal = UnknownVariable(said, variable=name, template=template)
    if columns is not None and (listed := columns.listed()):
        nearest = _short(columns.nearest(name))
        near = f"; the nearest column is {nearest}" if nearest else ""
        refusal.message = f"{said}{near}; the columns are: {listed}"
        refusal.metadata |= {"nearest": nearest, "columns": listed} if nearest else {"columns": listed}
    return refusal
