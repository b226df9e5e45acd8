"""Values for variables of a template that neither the file nor the account fills, so that it can be tried."""

from collections.abc import Mapping, Sequence

from services.processor.jobs import plan
from services.processor.jobs.plan import Step
from services.processor.templates.prompt import Variable, is_known, parse_prompt


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
    known = {name.strip().casefold(): value for name, value in given.items()}
    found: dict[str, str] = {}
    names = list(columns)
    for step in steps:
        for part in parse_prompt(step.settings.prompt):
            if isinstance(part, Variable) and not is_known(part.name, names, variables):
                folded = part.name.casefold()
                if folded not in {name.casefold() for name in found}:
                    found[part.name] = known.get(folded, f"Sample {part.name.removeprefix('$')}")
        names += step.settings.columns
    # What a later step makes cannot be made up for an earlier one: the order is wrong.
    made = {column.strip().casefold() for step in steps for column in step.settings.columns}
    if clash := [name for name in found if name.casefold() in made]:
        plan.check_order(steps, columns, clash[0])
    return found
