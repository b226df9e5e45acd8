"""What the lines of a batch mean for its rows; the row loop gets them as answers to its calls."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.batch_lines import AnswerLine
from services.processor.provider.door import let_answer_pass, let_refusal_pass
from services.processor.provider.failures import Failure, Verdict
from services.processor.provider.refused_parts import RefusedParts
from services.processor.rows.calls import Called, marks_of
from services.processor.rows.counting import counted
from services.processor.rows.requests import Requests
from services.processor.templates.prompt_settings import PromptSettings


async def said_by(
    line: AnswerLine, requests: Requests, form: Mapping[str, Any], *, secret: bytes, account: str
) -> Answer | Unusable | None:
    """Return what a line says, through the same door as ordinary answers; None if it was not answered."""
    if line.status == 0:
        return None
    if line.status == 200:
        return await let_answer_pass(
            line.body,
            form,
            secret=secret,
            account=account,
            read=requests.texts,
            quick=requests.quick_characters,
        )
    failure = let_refusal_pass(line.status, line.body, {}, secret=secret, now=datetime.now(UTC), request=form)
    return Unusable(failure)


class BatchCalls:
    """Answers the calls of a row loop from a batch, those of one step; others are not made."""

    def __init__(
        self, step: int, requests: Requests, refused: RefusedParts, *, left_out: frozenset[str]
    ) -> None:
        self._step = step
        self._requests = requests
        self._refused = refused
        self._left_out = left_out
        self.said: dict[int, Answer | Unusable] = {}
        #: Rows whose answer is of no use, with what it cost all the same.
        self.left: dict[int, Called] = {}
        #: Those of them that were refused for a part of the request that the next batch leaves out.
        self.unsent: set[int] = set()
        #: Why the job must pause, if a row's refusal says so.
        self.pause: Failure | None = None

    async def call(
        self, row: int, position: int, *, settings: PromptSettings, rate_key: str, prompt: str
    ) -> Called:
        """Return the answer that came for a row; nothing if there is none, as when the work has ended."""
        said = self.said.pop(row, None) if position == self._step else None
        if said is None:
            return Called()
        used = counted(said, prompt, self._requests)
        called = Called(
            calls=1,
            input_tokens=used.input,
            output_tokens=used.output,
            is_estimated=used.is_estimated,
            is_batch=True,
        )
        if isinstance(said, Answer):
            called.texts, called.marks = said.texts, marks_of(said)
            return called
        failure = said.failure
        if failure.if_answered is not None:
            # Other rows of the batch were answered, so the refusal is about this one.
            failure = replace(failure.if_answered, said=failure.said)
        if failure.verdict is Verdict.ROW_FAILS and not failure.parts:
            called.failure = failure
            return called
        self.left[row] = called
        if failure.parts:
            self._refused.learn(rate_key, failure.parts)
            if failure.parts - self._left_out:
                self.unsent.add(row)
        if failure.verdict is Verdict.JOB_PAUSES:
            self.pause = failure
        return Called()
