"""Signs checkpoints of this replica's chain at intervals, to the ledger volume and to stdout."""

import asyncio
import sys
import time

import orjson

from services.common.clock import Now
from services.common.logs import describe, log
from services.vault.audit.chain import Head
from services.vault.audit.statement_files import StatementFiles
from services.vault.audit.statements import Checkpoint
from services.vault.metrics import CHECKPOINT_FAILURES, CHECKPOINT_TIME

_PAUSE_SECONDS = 1.0


class Checkpoints:
    """Signs where the chain ends; records never wait for a checkpoint."""

    def __init__(self, files: StatementFiles, *, records: int, seconds: float, now: Now) -> None:
        self._files = files
        self._records = records
        self._seconds = seconds
        self._now = now
        self._head: Head | None = None
        self._signed: Head | None = None
        self._moved = asyncio.Event()
        self._enough = asyncio.Event()

    def moved(self, head: Head) -> None:
        """Note where the chain ends; called after each commit."""
        self._head = Head(head.chain, head.seq, head.mac)
        self._moved.set()
        said = self._signed
        # The first checkpoint of a chain is signed at once, so that no chain is without one for long.
        if said is None or said.chain != head.chain or head.seq - said.seq >= self._records:
            self._enough.set()

    async def continues(self, head: Head) -> bool:
        """Tell whether a chain that ends here in the database is as long as its last checkpoint says.

        Raises OSError.
        """
        last = await asyncio.to_thread(self._files.last_checkpoint, head.chain)
        if last is None or last.seq < head.seq:
            return True
        return last.seq == head.seq and last.mac == head.mac

    async def run(self) -> None:
        """Write checkpoints until cancelled."""
        while True:
            await self._moved.wait()
            try:
                async with asyncio.timeout(self._seconds):
                    await self._enough.wait()
            except TimeoutError:
                pass
            if not await self._sign():
                await asyncio.sleep(_PAUSE_SECONDS)

    async def close(self) -> None:
        """Sign a last checkpoint for records that have none."""
        if self._moved.is_set():
            await self._sign()

    async def _sign(self) -> bool:
        head = self._head
        if head is None:
            return True
        self._moved.clear()
        self._enough.clear()
        checkpoint = Checkpoint(head.chain, head.seq, head.mac, self._now())
        try:
            line = await asyncio.to_thread(self._files.append, checkpoint)
        except OSError as error:
            CHECKPOINT_FAILURES.inc()
            log.error("audit.checkpoint_failed", chain=head.chain, seq=head.seq, **describe(error))
            self._moved.set()
            self._enough.set()
            return False
        self._signed = head
        CHECKPOINT_TIME.set(time.time())
        ship(line)
        return True


def ship(line: str) -> None:
    """Print a signed statement among the lines of the log, at every log level, so that it is shipped too."""
    said = orjson.dumps({"event": "audit.statement", "service": "vault", "statement": orjson.loads(line)})
    sys.stdout.write(said.decode() + "\n")
    sys.stdout.flush()
