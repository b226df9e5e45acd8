"""bcrypt beside auth: the same hashes, behind everything else, back after a kill, gone with auth."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from services.auth.passwords.bcrypt_processes import BcryptProcesses
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import ROOT

TEXT = b"x" * 64
SALT = bcrypt.gensalt(4)


@pytest.fixture
def processes() -> Iterator[BcryptProcesses]:
    others = children()
    made = BcryptProcesses()
    yield made
    made.close()
    assert children() <= others


def children() -> set[int]:
    """The processes that this one has started for bcrypt."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            if b"bcrypt_child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(int(pid))
    return found


def test_it_gives_what_bcrypt_gives_for_a_salt_and_for_a_hash(processes: BcryptProcesses) -> None:
    hashed = bcrypt.hashpw(TEXT, SALT)
    assert processes.hashpw(TEXT, SALT) == hashed
    assert processes.hashpw(TEXT, hashed) == hashed
    assert processes.hashpw(b"y" * 64, hashed) != hashed


def test_what_would_shift_the_next_question_is_not_sent(processes: BcryptProcesses) -> None:
    with pytest.raises(ValueError):
        processes.hashpw(b"short", SALT)
    assert processes.hashpw(TEXT, SALT) == bcrypt.hashpw(TEXT, SALT)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_process_is_replaced_and_its_question_asked_again(processes: BcryptProcesses) -> None:
    others = children()
    processes.hashpw(TEXT, SALT)
    (pid,) = children() - others
    os.kill(pid, signal.SIGKILL)
    assert processes.hashpw(TEXT, SALT) == bcrypt.hashpw(TEXT, SALT)
    (successor,) = children() - others
    assert successor != pid


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_stands_behind_everything_else_and_knows_nothing_of_auth(processes: BcryptProcesses) -> None:
    others = children()
    processes.hashpw(TEXT, SALT)
    (pid,) = children() - others
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + 5, 19)
    assert Path(f"/proc/{pid}/environ").read_bytes() in (b"", b"LC_CTYPE=C.UTF-8\0")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_ends_when_auth_is_killed() -> None:
    code = (
        "import os, bcrypt\n"
        "from services.auth.passwords.bcrypt_processes import BcryptProcesses\n"
        "made = BcryptProcesses(); made.hashpw(b'x' * 64, bcrypt.gensalt(4))\n"
        "print(made._idle[0]._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert died.returncode == -9
    try:
        waiting = os.pidfd_open(int(died.stdout))
    except ProcessLookupError:
        return
    assert select.select([waiting], [], [], 30)[0]
    os.close(waiting)
