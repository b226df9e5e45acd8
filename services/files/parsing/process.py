"""Reading a large file in a child process, which leaves this process's interpreter to other requests."""

import fcntl
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from services.common.errors import Unavailable
from services.common.logs import log
from services.files.errors import FileWorkbookTooLarge
from services.files.parsing.form import ParseFailed, Question, dump_question, load_answer, load_workbook
from services.files.parsing.read_file import KeepTable, ReadFile
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, Parsed

_ROOT = Path(__file__).parents[3]
_CHILD = "services.files.parsing.child"
#: The pipe's size, where Linux allows it. With a smaller one, the processes wait for each other more often.
_PIPE_BYTES = 1024 * 1024
_ANSWER_BYTES = 64 * 1024
#: A process that reads and answers nothing for this long is killed. It must exceed the longest work between
#: two reads; if it is too long, a process that hangs keeps its upload waiting.
_SILENT_SECONDS = 120


def _enlarge(pipe: int) -> None:
    if sys.platform == "linux":
        # The system refuses more pipe memory than a user may have; the pipe is slower then.
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


@contextmanager
def _logged() -> Iterator[None]:
    """Log a failure that is not the file's fault; raise Unavailable instead if it may pass."""
    try:
        yield
    except ParseFailed as failure:
        log.error("parse.failed", **failure.described)
        if failure.passing:
            raise Unavailable from None
        raise


class ParseProcess:
    """One process that reads one file. Raises OSError when the machine has no room for it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-m", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A traceback could show cells.
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={"TMPDIR": tempfile.gettempdir(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            bufsize=0,
            # A stop signal to the process group must not reach the child, because running uploads are
            # finished.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self.pid = self._process.pid
        os.set_blocking(self._to.fileno(), False)
        _enlarge(self._to.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process, at once if it has not answered."""
        self._process.kill()
        self._to.close()
        self._from.close()
        self._process.wait()

    def parse(self, pieces: Iterable[bytes], limits: Limits, requested: RequestedFormat) -> Parsed:
        """Read a file as `reader.parse` does; raise Unavailable when the process is killed or silent."""
        taken = self._send_all(Question(limits, requested), pieces)
        self._to.close()
        answer = b"".join(self._said())
        self._check_end()
        with _logged():
            parsed = load_answer(answer)
        # The child may leave some of a file unread only when it refuses it.
        assert taken
        return parsed

    def read_workbook(
        self,
        pieces: Iterable[bytes],
        question: Question,
        *,
        keep: KeepTable,
        turn: AbstractContextManager[None],
    ) -> ReadFile:
        """Read a workbook, and hand the bytes of its table to `keep`; the work begins when it is its turn.

        Raises FileWorkbookTooLarge when the process has used up its time, Unavailable when it is killed.
        """
        self._send_all(question, pieces)
        with turn:
            self._to.close()
            said = self._said()
            line = bytearray()
            for piece in said:
                line += piece
                if b"\n" in piece:
                    break
            if not line:
                self._check_end(question)
                raise Unavailable
            head, _, begun = bytes(line).partition(b"\n")
            with _logged():
                read, table_bytes = load_workbook(head)
            table = keep(self._table(chain([begun], said), table_bytes))
            self._check_end(question)
        return replace(read, table=table)

    def _send_all(self, question: Question, pieces: Iterable[bytes]) -> bool:
        return self._send(dump_question(question)) and all(map(self._send, pieces))

    def _table(self, said: Iterable[bytes], size: int) -> Iterator[bytes]:
        for piece in said:
            size -= len(piece)
            yield piece
        if size:
            # The process was killed, and what has come is not the whole table.
            raise Unavailable

    def _check_end(self, question: Question | None = None) -> None:
        """Wait for the process; raise what its end means if it did not end by itself."""
        code = self._process.wait(_SILENT_SECONDS)
        if not code:
            return
        log.error("parse.process_ended", code=code)
        if question is not None and question.confinement is not None and code == -signal.SIGXCPU:
            raise FileWorkbookTooLarge(seconds=str(question.confinement.seconds))
        raise Unavailable

    def _send(self, piece: bytes) -> bool:
        """Send a piece; return False when the process reads no more."""
        if not piece:
            # The sender pauses. What was sent so far may have been enough for an answer.
            return not self._is_said()
        rest = memoryview(piece)
        while rest:
            try:
                rest = rest[os.write(self._to.fileno(), rest) :]
            except BlockingIOError:
                self._wait(self._to.fileno(), select.POLLOUT)
            except BrokenPipeError:
                return False
        return True

    def _said(self) -> Iterator[bytes]:
        while True:
            self._wait(self._from.fileno(), select.POLLIN)
            said = os.read(self._from.fileno(), _ANSWER_BYTES)
            if not said:
                return
            yield said

    def _is_said(self) -> bool:
        answer = select.poll()
        answer.register(self._from.fileno(), select.POLLIN)
        return bool(answer.poll(0))

    def _wait(self, end: int, event: int) -> None:
        waiting = select.poll()
        waiting.register(end, event)
        if not waiting.poll(_SILENT_SECONDS * 1000):
            log.error("parse.process_silent", seconds=_SILENT_SECONDS)
            raise Unavailable
