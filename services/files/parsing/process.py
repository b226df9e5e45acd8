"""Reading a large file in a child process, which leaves this process's interpreter to other requests."""

import fcntl
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from services.common.errors import Unavailable
from services.common.logs import log
from services.files.parsing.form import ParseFailed, dump_question, load_answer
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
        taken = self._send(dump_question(limits, requested)) and all(map(self._send, pieces))
        self._to.close()
        answer = self._answer()
        code = self._process.wait(_SILENT_SECONDS)
        if code:
            log.error("parse.process_ended", code=code)
            raise Unavailable
        try:
            parsed = load_answer(answer)
        except ParseFailed as failure:
            log.error("parse.failed", **failure.described)
            if failure.passing:
                raise Unavailable from None
            raise
        # The child may leave some of a file unread only when it refuses it.
        assert taken
        return parsed

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

    def _answer(self) -> bytes:
        answer = bytearray()
        while True:
            self._wait(self._from.fileno(), select.POLLIN)
            said = os.read(self._from.fileno(), _ANSWER_BYTES)
            if not said:
                return bytes(answer)
            answer += said

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
