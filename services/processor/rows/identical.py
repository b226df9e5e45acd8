"""Identical prompts of one job: each is sent once, and all rows with that prompt share the answer.

Within a worker, rows wait for an identical prompt that is under way. Committed answers are found in the
database, by a keyed code that reveals nothing about the prompt, even after a crash and by other workers. Two
workers that meet a new prompt at the same moment both send it: a worker never waits for another one, which
may have died.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from services.common.aside import alone
from services.common.database import FAILURES
from services.common.logs import describe, log
from services.processor.jobs.errors import SnapshotDamaged
from services.processor.jobs.seal import JobSeal
from services.processor.rows.calls import Called
from services.processor.rows.endings import Ended
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.usage.prices import facts_of

#: How many answers of a job a worker remembers, and their total size; the database has the others. Smaller
#: bounds cost more queries, larger ones memory for each job in work.
MOST_REMEMBERED = 2000
MOST_REMEMBERED_CHARACTERS = 2_000_000
#: How long a lookup waits so that others can join it in one query. Longer delays every new prompt.
_GATHER_SECONDS = 0.003
#: The code of a longer prompt is a piece of work by itself: of a megabyte it takes 3 ms.
_LARGE_CHARACTERS = 16 * 1024

_Texts = tuple[str, ...]


class Answers(Protocol):
    """Finds committed answers."""

    async def answers(self, job: str, codes: Sequence[bytes]) -> Mapping[bytes, bytes]: ...


def sent_once(settings: PromptSettings, *, always: bool) -> bool:
    """Whether identical prompts are sent once: if the job says so, or if the answer is not random."""
    return always or (settings.temperature == 0 and not facts_of(settings.model).reasoning)


class Identical:
    """The prompts of one job, under one grant, in this worker."""

    def __init__(self, job: str, answers: Answers, seal: JobSeal) -> None:
        self._job = job
        self._answers = answers
        self._seal = seal
        self._under_way: dict[bytes, asyncio.Future[_Texts | None]] = {}
        self._remembered: OrderedDict[bytes, _Texts] = OrderedDict()
        self._characters = 0
        self._wanted: dict[bytes, asyncio.Future[_Texts | None]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def once(
        self, settings: PromptSettings, prompt: str, *, ended: Ended, send: Callable[[], Awaitable[Called]]
    ) -> Called:
        """Return the answer to an identical prompt, which costs nothing, or send this prompt."""
        if len(prompt) > _LARGE_CHARACTERS:
            async with alone():
                code = self._seal.code(settings, prompt)
        else:
            code = self._seal.code(settings, prompt)
        while ended.ending is None:
            if (texts := self._remembered.get(code)) is not None:
                return Called(texts=texts)
            under_way = self._under_way.get(code)
            if under_way is None:
                return await self._lead(code, send)
            # The row that sends it may be waiting for its start time in a shard that outlives this one.
            came = await ended.unless_over(asyncio.shield(under_way))
            if came and (texts := under_way.result()) is not None:
                return Called(texts=texts)
            # The prompt got no answer, so this row tries next.
        return Called()

    async def _lead(self, code: bytes, send: Callable[[], Awaitable[Called]]) -> Called:
        outcome: asyncio.Future[_Texts | None] = asyncio.get_running_loop().create_future()
        self._under_way[code] = outcome
        texts: _Texts | None = None
        try:
            if (texts := await self._durable(code)) is not None:
                return Called(texts=texts)
            called = await send()
            if (texts := called.texts) is not None:
                called.kept = code, self._seal.seal_answer(code, texts)
            return called
        finally:
            del self._under_way[code]
            if texts is not None:
                self._remember(code, texts)
            outcome.set_result(texts)

    def _remember(self, code: bytes, texts: _Texts) -> None:
        self._remembered[code] = texts
        self._characters += sum(map(len, texts))
        while len(self._remembered) > MOST_REMEMBERED or self._characters > MOST_REMEMBERED_CHARACTERS:
            _, forgotten = self._remembered.popitem(last=False)
            self._characters -= sum(map(len, forgotten))

    async def _durable(self, code: bytes) -> _Texts | None:
        if not self._wanted:
            task = asyncio.ensure_future(self._ask())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        found: asyncio.Future[_Texts | None] = asyncio.get_running_loop().create_future()
        self._wanted[code] = found
        return await found

    async def _ask(self) -> None:
        """Look up all answers that are wanted now: one query for many rows."""
        await asyncio.sleep(_GATHER_SECONDS)
        wanted, self._wanted = self._wanted, {}
        sealed: Mapping[bytes, bytes] = {}
        try:
            sealed = await self._answers.answers(self._job, list(wanted))
        except FAILURES as error:
            # The prompts are then sent as if they were new.
            log.warning("answers.not_found", job=self._job, **describe(error))
        finally:
            for code, found in wanted.items():
                if not found.done():
                    found.set_result(self._opened(code, sealed.get(code)))

    def _opened(self, code: bytes, sealed: bytes | None) -> _Texts | None:
        if sealed is None:
            return None
        try:
            return self._seal.open_answer(code, sealed)
        except SnapshotDamaged:
            log.error("answer.damaged", job=self._job)
            return None
