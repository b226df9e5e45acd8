"""Reads what a batch answered, line by line, and writes results of rows in small commits.

A worker that dies here leaves the rows that it has written; the next one reads the files again and passes
these by. What the batch left open is for a later batch, or for the ordinary way.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from services.common.aside import aside
from services.common.logs import log
from services.processor.economy.answers import BatchCalls, said_by
from services.processor.economy.batch import Batch
from services.processor.economy.building import Builder
from services.processor.economy.store.batches import BatchStore
from services.processor.jobs.row_result import NewResult
from services.processor.jobs.seal import JobSeal
from services.processor.outside import ReadsRows, Rows, by_grant
from services.processor.provider.batch_lines import AnswerLine, answer_line
from services.processor.provider.batches import BatchCallFailed, Batches, Place
from services.processor.provider.door import LOOP_BYTES
from services.processor.provider.failures import TOO_LARGE
from services.processor.rows.claims import Claim
from services.processor.rows.endings import Ended
from services.processor.rows.loop import Prepared, RowLoop
from services.processor.rows.source import RowSource, SourceRow

#: How many lines, and how many bytes of them, are worked on at once. More take memory; fewer cost more reads
#: of rows and more commits.
_PIECE_LINES = 200
_PIECE_BYTES = 4 * 1024 * 1024
#: Lines after which others have their turn; most of them may be for rows that are done.
_LINES_IN_A_GO = 50
_MOST_FILE_BYTES = 1024 * 1024 * 1024
_ROW_BYTES = 2 * 1024 * 1024


class Collector:
    """Collects one batch under a claim."""

    def __init__(
        self,
        claim: Claim,
        batch: Batch,
        prepared: Prepared,
        *,
        seal: JobSeal,
        files: ReadsRows,
        store: BatchStore,
        batches: Batches,
        calls: BatchCalls,
        builder: Builder,
    ) -> None:
        self._claim = claim
        self._batch = batch
        self._seal = seal
        self._files = files
        self._store = store
        self._batches = batches
        self._calls = calls
        self._builder = builder
        self._wanted = set(batch.rows) - batch.left_rows
        self._put: list[NewResult] = []
        self._loop = RowLoop(
            prepared,
            account=claim.account,
            api_key=claim.api_key,
            source=RowSource(_nothing(), {}),
            calls=calls,
            writer=self,
            seal=seal,
            ended=Ended(),
            identical=None,
        )

    async def put(self, result: NewResult) -> None:
        """Take the result of a row that has further steps; it is written with the rest of its piece."""
        self._put.append(result)

    async def read(self, place: Place, file: str) -> None:
        """Write the results that a file has. Raises BatchCallFailed and FenceLost."""
        most = min(_MOST_FILE_BYTES, len(self._batch.rows) * _ROW_BYTES)
        piece: dict[int, AnswerLine] = {}
        size = number = 0
        try:
            async with aclosing(self._batches.lines(place, file, most_bytes=most)) as lines:
                async for raw in lines:
                    number += 1
                    if number % _LINES_IN_A_GO == 0:
                        await asyncio.sleep(0)
                    line = await self._line(raw)
                    if line is None or line.step != self._batch.step or line.row not in self._wanted:
                        continue
                    # A second line for a row is none.
                    self._wanted.discard(line.row)
                    piece[line.row] = line
                    size += len(raw)
                    if len(piece) >= _PIECE_LINES or size > _PIECE_BYTES:
                        await self._write(place, piece)
                        piece, size = {}, 0
        except BatchCallFailed as error:
            if error.failure is not TOO_LARGE:
                raise
            log.warning("batch.file_too_large", job=self._claim.job, batch=self._batch.mark)
        if piece:
            await self._write(place, piece)

    async def _line(self, raw: bytes) -> AnswerLine | None:
        if len(raw) <= LOOP_BYTES:
            return answer_line(raw)
        return await aside(lambda: answer_line(raw), account=self._claim.account)

    async def _write(self, place: Place, piece: dict[int, AnswerLine]) -> None:
        claim, step, first, last = self._claim, self._batch.step, min(piece), max(piece)
        begun = await self._store.begun(claim, first, last)
        results: list[NewResult] = []
        rows = self._files.rows(
            claim.file, claim.parse, first=first, count=last - first + 1, proof=by_grant(claim.grant)
        )
        async with aclosing(rows):
            async for read in rows:
                for row in read:
                    sealed = begun.get(row.number, b"")
                    if row.number not in piece or sealed is None:
                        continue
                    source = SourceRow(row.number, list(row.cells), sealed or None)
                    done = len(self._seal.open_row(row.number, sealed).flags) if sealed else 0
                    # To read and check an answer takes a while; others have their turn between two.
                    await asyncio.sleep(0)
                    if done == step:
                        results += await self._results(place, source, piece[row.number])
        left = [row for row in self._calls.left if row in piece]
        unsent = self._calls.unsent & piece.keys()
        await self._store.commit(claim, self._batch, results, left=left, unsent=unsent)

    async def _results(self, place: Place, row: SourceRow, line: AnswerLine) -> list[NewResult]:
        requests = self._builder.requests(self._batch.step)
        assert requests is not None
        form = requests.body("", self._batch.left_out)
        said = await said_by(line, requests, form, secret=place.secret, account=place.account)
        if said is None:
            return []
        self._calls.said[row.number] = said
        self._put.clear()
        result = await self._loop.work_on(row)
        if result is not None:
            return [result]
        wasted = self._calls.left.get(row.number)
        if wasted is not None and (wasted.input_tokens or wasted.output_tokens):
            return [self._loop.under_way(row, wasted)]
        return list(self._put)


async def _nothing() -> AsyncGenerator[Rows]:
    return
    yield ()
