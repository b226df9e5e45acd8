"""A person's own words in the place of answers; the answers of before are kept beside them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from services.common.errors import InvalidRequest
from services.common.identity import Passport
from services.processor.answers import flags
from services.processor.answers.checks import AnswerChecks
from services.processor.jobs.plan import Snapshot
from services.processor.jobs.seal import RowPayload
from services.processor.results.changes import RowChanges
from services.processor.results.pages import JobRow

#: What all outputs of a row may have after an edit, in bytes of UTF-8, unless they had more before.
_MOST_BYTES = 1024 * 1024
#: Flags about what the model sent, which say nothing of a person's words.
_OF_THE_MODEL = flags.mask(["generic", "has_thinking", "unknown_finish"])


class RowEdits:
    """Replaces answers of finished rows, row by row."""

    def __init__(self, changes: RowChanges) -> None:
        self._changes = changes

    async def edit(self, person: Passport, id_: str, number: int, texts: Mapping[str, str]) -> JobRow:
        """Put texts in the place of answers, by output column. The former text takes an edit back.

        Raises InvalidRequest for a column that the job does not fill, and as `RowChanges.apply` does.
        """
        return await self._changes.apply(person, id_, number, partial(_with_texts, dict(texts)))


def _with_texts(texts: Mapping[str, str], payload: RowPayload, snapshot: Snapshot) -> RowPayload:
    columns = snapshot.outputs
    unknown = [column for column in texts if column not in columns]
    if unknown:
        known = ", ".join(columns)
        raise InvalidRequest(
            violations=[
                ("outputs", f"{column} is no output column of this job; it has {known}") for column in unknown
            ]
        )
    outputs = [texts.get(column, text) for column, text in zip(columns, payload.outputs, strict=True)]
    if _bytes(outputs) > max(_MOST_BYTES, _bytes(payload.outputs)):
        raise InvalidRequest(violations=[("outputs", "the row's outputs would have more than 1 MiB")])
    former = [
        _former(text, before, kept)
        for text, before, kept in zip(
            outputs, payload.outputs, payload.former or (None,) * len(outputs), strict=True
        )
    ]
    return replace(
        payload,
        outputs=tuple(outputs),
        flags=_flags(payload, outputs, snapshot),
        former=tuple(former) if any(each is not None for each in former) else (),
    )


def _former(text: str, before: str, kept: str | None) -> str | None:
    """Return what is kept of an output: the first text that a person replaced, unless it is back."""
    original = before if kept is None else kept
    return None if text == original else original


def _flags(payload: RowPayload, outputs: list[str], snapshot: Snapshot) -> tuple[int, ...]:
    """Return the flags of all steps, found anew where a text has changed."""
    marks, place = [*payload.flags], 0
    # Flags about the row's own values are of the model's answers, so that the values need not be read.
    blank = [""] * (len(snapshot.columns) + len(snapshot.outputs))
    for nth, (step, prompt) in enumerate(zip(snapshot.steps, snapshot.prompts(), strict=True)):
        own = slice(place, place + len(step.settings.columns))
        if tuple(outputs[own]) != payload.outputs[own]:
            settings = replace(step.settings, auto_fix_off=True)
            _, found = AnswerChecks(settings, prompt).check(outputs[own], blank)
            marks[nth] = found & ~_OF_THE_MODEL
        place = own.stop
    return tuple(marks)


def _bytes(texts: list[str] | tuple[str, ...]) -> int:
    return sum(len(text.encode()) for text in texts)
