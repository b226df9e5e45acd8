"""bcrypt in processes of their own, which stand behind everything else on the machine.

A flood of logins keeps every one of them busy, and requests of people who are signed in do not wait for them:
a thread of auth could only be behind auth's other threads, and would hold the interpreter while it waits for
its turn. A process is started when it is first needed and serves until auth ends.
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
            # Isolated: no setting of this process reaches it, and no module lies beside the script for it.
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={},
            bufsize=0,
            # A signal to the group of auth is auth's to answer: what is being checked is finished first.
            start_new_session=True,
        )

    def ask(self, question: bytes) -> bytes:
        """Return the answer; raise OSError when the process is gone."""
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
        """Let it go and wait until it has."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait()


class BcryptProcesses:
    """As many processes as questions are asked at once; called from as many threads."""

    def __init__(self) -> None:
        self._idle: list[_Child] = []

    def hashpw(self, text: bytes, salt: bytes) -> bytes:
        """Return the 60 characters that bcrypt makes of 64 and a salt, or a hash that begins with it.

        Raises Unavailable when a process and its successor were killed meanwhile.
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
        """End the processes; called when nobody asks any more."""
        while self._idle:
            self._idle.pop().end()
