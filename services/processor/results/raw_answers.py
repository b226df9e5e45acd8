"""The raw answers of a finished row, put back in the place of those that auto-fix left, and fixed again."""

from dataclasses import replace
from functools import partial

from services.common.identity import Passport
from services.processor.answers import flags
from services.processor.answers.checks import AnswerChecks
from services.processor.jobs.plan import Snapshot
from services.processor.jobs.seal import RowPayload
from services.processor.results.changes import RowChanges
from services.processor.results.pages import JobRow

#: Flags that are not about the words, or not only about the answer: they stay as they were found.
_KEPT = flags.mask(["generic", "has_thinking", "unknown_finish"])


class RawAnswers:
    """Puts raw answers back, row by row."""

    def __init__(self, changes: RowChanges) -> None:
        self._changes = changes

    async def restore(self, person: Passport, id_: str, number: int, *, fixed: bool) -> JobRow:
        """Replace a row's answers by those that the model gave, or by what auto-fix makes of them.

        Later answers of a chain stay as they are; what a person has written in their place is gone. Raises
        as `RowChanges.apply` does.
        """
        return await self._changes.apply(person, id_, number, partial(_with_answers, fixed=fixed))


def _with_answers(payload: RowPayload, snapshot: Snapshot, *, fixed: bool) -> RowPayload:
    if not payload.raw:
        return payload
    outputs, marks, former = [*payload.outputs], [*payload.flags], [*payload.former]
    # Flags about the row's own values are kept, so that the values need not be read.
    blank = [""] * (len(snapshot.columns) + len(snapshot.outputs))
    place = 0
    for nth, (step, prompt, raw) in enumerate(
        zip(snapshot.steps, snapshot.prompts(), payload.raw, strict=False)
    ):
        if raw:
            settings = replace(step.settings, auto_fix_off=not fixed)
            (outputs[place],), found = AnswerChecks(settings, prompt).check([raw], blank)
            marks[nth] = (found & ~_KEPT) | (marks[nth] & _KEPT)
            if former:
                former[place] = None
        place += len(step.settings.columns)
    return replace(
        payload,
        outputs=tuple(outputs),
        flags=tuple(marks),
        former=tuple(former) if any(each is not None for each in former) else (),
    )
