"""Values for variables of a template that neither the file nor the account fills, so that it can be tried."""

from collections.abc import Mapping, Sequence

from services.common.aside import go_on
from services.common.texts.column_names import column_key
from services.processor.jobs import plan
from services.processor.jobs.plan import Step
from services.processor.templates.mock_names import check_used
from services.processor.templates.names import Columns, CustomValues
from services.processor.templates.prompt import Variable, parse_prompt


def mocks(
    steps: Sequence[Step],
    columns: Sequence[str],
    *,
    variables: Mapping[str, str],
    given: Mapping[str, str],
) -> dict[str, str]:
    """Return a value for every variable that neither the file, the account nor an earlier step fills.

    Given values are taken first, by their name in any case; custom variables keep their dollar sign.
    """
    values = {column_key(name).casefold(): value for name, value in given.items()}
    found: dict[str, str] = {}
    seen: set[str] = set()
    used: set[str] = set()
    names, custom = Columns(columns), CustomValues(variables)
    for step in steps:
        go_on()
        for part in parse_prompt(step.settings.prompt):
            if not isinstance(part, Variable):
                continue
            folded = column_key(part.name).casefold()
            used.add(folded)
            if folded in seen:
                continue
            if (custom.find(part.name) is not None) if part.is_custom else names.has(part.name):
                continue
            seen.add(folded)
            found[part.name] = values.get(folded, f"Sample {part.name.removeprefix('$')}")
        names.add(step.settings.columns)
    check_used(given, used)
    # What a later step makes cannot be made up for an earlier one: the order is wrong.
    made = {column_key(column).casefold() for step in steps for column in step.settings.columns}
    if clash := next((name for name in found if column_key(name).casefold() in made), None):
        plan.check_order(steps, Columns(columns), clash)
    return found
