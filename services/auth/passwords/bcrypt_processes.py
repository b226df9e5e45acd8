"""bcrypt in separate processes, which run at a lower priority than everything else on the machine.

A flood of logins keeps all of them busy without slowing the requests of signed-in people. Threads would not
do: they would hold the interpreter while they wait for their turn. A process is started when it is first
needed, and runs until auth ends.
"""

import subprocess
import sys
from pathlib import Path

from services.auth.passwords.bcrypt_child import HASH_BYTES, SALT_BYTES, TEXT_BYTES
from services.common.errors import Unavailable

_CHILD = Path(__file__).with_name("bcrypt_child.py")


class _Child:
    """One process; answers one question at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            # Isolated (-I): no environment variable reaches it, and it imports nothing from the script's
            # folder.
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={},
            bufsize=0,
            # A signal to auth's process group must not end it: checks that have started are finished first.
            start_new_session=True,
        )

    def ask(self, question: bytes) -> bytes:
        """Return the answer; raise OSError if the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(question)
        answer = b""
        while len(answer) < HASH_BYTES:
            more = self._process.stdout.read(HASH_BYTES - len(answer))
            if not more:
                raise BrokenPipeError
            answer += more
        return answer

    def end(self) -> None:
        """Close its pipes and wait until it has ended."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait()


class BcryptProcesses:
    """One process for each question that is asked at the same time; called from several threads."""

    def __init__(self) -> None:
        self._idle: list[_Child] = []

    def hashpw(self, text: bytes, salt: bytes) -> bytes:
        """Return bcrypt's hash (60 characters) of 64 characters, under a salt or a hash that begins with one.

        Raises Unavailable if a process and its successor were both killed during the call.
        """
        question = text + salt[:SALT_BYTES]
        if len(question) != TEXT_BYTES + SALT_BYTES:
            raise ValueError("bcrypt takes 64 characters and a salt here")
        for _ in range(2):
            child = self._idle.pop() if self._idle else _Child()
            try:
                answer = child.ask(question)
            except OSError:
                child.end()
                continue
            self._idle.append(child)
            return answer
        raise Unavailable

    def close(self) -> None:
        """End the processes; called when no more questions will be asked."""
        while self._idle:
            self._idle.pop().end()
