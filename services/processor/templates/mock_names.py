"""Names for which a person gives values, so that a template can be tried without what would fill them."""

from collections.abc import Collection, Mapping, Sequence

from services.common.aside import go_on
from services.common.errors import InvalidRequest
from services.common.texts.column_names import column_key
from services.processor.templates.names import Columns, CustomValues
from services.processor.templates.prompt import PromptPart, Variable

MOST_MOCKS = 100
#: Names for which the nearest is looked for; each costs a comparison with all others.
_MOST_HINTS = 5


def check_used(given: Collection[str], used: Collection[str]) -> None:
    """Raise InvalidRequest for a given name that no prompt uses: it is most likely misspelt.

    `used` are the names of variables as they are compared.
    """
    unused = sorted(name for name in given if column_key(name).casefold() not in used)
    if not unused:
        return
    names, violations = Columns(used), []
    for nth, name in enumerate(unused):
        go_on()
        near = names.nearest(name) if nth < _MOST_HINTS else ""
        hint = f"; the nearest is {near}" if near else ""
        violations.append((f"mock_values[{name}]", f"is a variable of no prompt{hint}"))
    raise InvalidRequest(violations=violations)


def filled(
    prompt: Sequence[PromptPart], columns: Columns, *, variables: CustomValues, given: Mapping[str, str]
) -> dict[str, str]:
    """Return the given values of a prompt's variables that neither the file nor the account fills.

    Raises InvalidRequest for a name that the prompt does not use, and for too many names.
    """
    if len(given) > MOST_MOCKS:
        raise InvalidRequest(violations=[("mock_values", f"must be at most {MOST_MOCKS}")])
    values = {column_key(name).casefold(): value for name, value in given.items()}
    named = {column_key(part.name).casefold(): part for part in prompt if isinstance(part, Variable)}
    check_used(given, named.keys())
    return {
        part.name: values[folded]
        for folded, part in named.items()
        if folded in values
        and not (variables.find(part.name) is not None if part.is_custom else columns.has(part.name))
    }
