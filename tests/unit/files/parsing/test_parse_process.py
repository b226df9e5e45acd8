"""Large files are read in processes of their own: as in a thread, and without taking anything down."""

import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from services.common.errors import DomainError, Unavailable
from services.files.parsing import process as parse_process
from services.files.parsing.form import ParseFailed
from services.files.parsing.process import ParseProcess
from services.files.parsing.threads import ParsingThreads
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, Parsed, parse
from tests.support.patience import PATIENCE_SECONDS

LIMITS = Limits(max_columns=100, max_rows=200_000, max_field_bytes=131_072, max_row_bytes=1 << 20)
ROW = "Ada,ada{}@example.com,Größe {},n\n"
HEADER = "Name,Email,Company,Note\n"
PIECE_BYTES = 200_000
DETECT = RequestedFormat()


def table(rows: int = 120_000, row: str = ROW) -> str:
    return HEADER + "".join(row.format(n % 5000, n) for n in range(rows))


@cache
def large() -> bytes:
    """Return a file that is larger than what a thread reads itself."""
    return table().encode()


def pieces(content: bytes) -> Iterator[bytes]:
    for at in range(0, len(content), PIECE_BYTES):
        yield content[at : at + PIECE_BYTES]


def in_process(content: bytes, requested: RequestedFormat = DETECT) -> Parsed:
    with ParseProcess() as process:
        return process.parse(pieces(content), LIMITS, requested)


def children() -> set[int]:
    """Return this process's children."""
    return {
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    }


@pytest.fixture(autouse=True)
def none_is_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


@pytest.mark.parametrize(
    ("content", "requested"),
    [
        (lambda: large(), DETECT),
        (lambda: table(row='Ada,ada{}@example.com,"Size\r\n{}",n\n').encode(), DETECT),
        (lambda: table().encode("utf-16"), DETECT),
        (lambda: table().encode("cp1252"), DETECT),
        (lambda: table().encode("latin-1"), RequestedFormat(encoding="latin-1")),
        (lambda: b"a;b,c\n" + b"1;2,3\n" * 9, RequestedFormat(delimiter=";")),
    ],
    ids=["plain", "quoted", "utf-16", "windows-1252", "latin-1 as told", "delimiter as told"],
)
def test_a_process_reads_what_a_thread_reads(
    content: Callable[[], bytes], requested: RequestedFormat
) -> None:
    made = content()
    assert in_process(made, requested) == parse(pieces(made), LIMITS, requested)


@pytest.mark.promise("S33")
@pytest.mark.parametrize(
    "content",
    [
        lambda: large() + b"one,too,few\n",
        lambda: large() + b'Ada,"open,x,n\n',
        lambda: large() + b"Ada,\xff,x,n\n" + "ü,ü,ü,ü\n".encode() + b"\x81,,,\n",
        lambda: large() + large()[len(HEADER) :],
        lambda: b"\x1f\x8b" + large(),
        lambda: b"Name,Name\n1,2\n",
        lambda: b",".join(b"%d" % n for n in range(101)) + b"\n",
        lambda: HEADER.encode(),
        lambda: b"",
    ],
    ids=["uneven", "quote", "encoding", "rows", "gzip", "names", "columns", "no rows", "empty"],
)
def test_a_process_refuses_what_a_thread_refuses(content: Callable[[], bytes]) -> None:
    made = content()
    with pytest.raises(DomainError) as wanted:
        parse(pieces(made), LIMITS)
    with pytest.raises(type(wanted.value)) as found:
        in_process(made)
    assert found.value.metadata == wanted.value.metadata
    assert found.value.message == wanted.value.message


def test_a_refusal_comes_before_the_end_of_the_file() -> None:
    def endless() -> Iterator[bytes]:
        yield HEADER.encode() + b"one,too,few\n"
        stop = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < stop:
            yield large()

    with pytest.raises(DomainError) as caught, ParseProcess() as process:
        process.parse(endless(), LIMITS, DETECT)
    assert caught.value.metadata["line"] == "2"


def test_a_refusal_does_not_wait_for_a_sender_who_pauses() -> None:
    def pausing() -> Iterator[bytes]:
        yield HEADER.encode() + b"one,too,few\n" + large()
        stop = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < stop:
            yield b""
            time.sleep(0.05)
        raise AssertionError("nobody has looked up")

    with pytest.raises(DomainError) as caught, ParseProcess() as process:
        process.parse(pausing(), LIMITS, DETECT)
    assert caught.value.metadata["line"] == "2"


def test_who_breaks_off_ends_the_process() -> None:
    class Left(Exception):
        pass

    def broken() -> Iterator[bytes]:
        yield large()
        raise Left

    with pytest.raises(Left), ParseProcess() as process:
        process.parse(broken(), LIMITS, DETECT)


def test_a_pipe_that_breaks_elsewhere_is_no_end_of_the_file() -> None:
    """Or what came until then would be taken for the whole."""

    def broken() -> Iterator[bytes]:
        yield large()
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError), ParseProcess() as process:
        process.parse(broken(), LIMITS, DETECT)


def read_while(act: Callable[[int], None]) -> Parsed:
    """Read a file, and in the middle do something to the process that reads it."""

    def some(process: ParseProcess) -> Iterator[bytes]:
        yield from pieces(large())
        act(process.pid)
        yield from pieces(large()[len(HEADER) :])

    with ParseProcess() as process:
        return process.parse(some(process), replace(LIMITS, max_rows=240_000), DETECT)


@pytest.mark.promise("S33")
def test_a_process_that_is_killed_is_no_answer_about_the_file() -> None:
    with pytest.raises(Unavailable):
        read_while(lambda pid: os.kill(pid, signal.SIGKILL))


def test_a_process_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_process, "_SILENT_SECONDS", 0.5)
    with pytest.raises(Unavailable):
        read_while(lambda pid: os.kill(pid, signal.SIGSTOP))


def test_a_failure_of_its_own_is_told_without_the_cells() -> None:
    with pytest.raises(ParseFailed) as caught:
        in_process(b"Name\nsecret cell\n", RequestedFormat(encoding="no such encoding"))
    assert caught.value.described["error"] == "KeyError"
    assert "secret" not in repr(caught.value.described)


def test_a_process_has_no_setting_and_no_connection_of_its_parent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMELT_PLANTED", "planted")
    environments: list[str] = []
    ends: list[str] = []

    def look(pid: int) -> None:
        here = Path(f"/proc/{pid}")
        environments.append((here / "environ").read_text())
        ends.extend(os.readlink(end) for end in (here / "fd").iterdir())

    with socket.create_server(("127.0.0.1", 0)), (tmp_path / "kept").open("w") as kept:
        os.set_inheritable(kept.fileno(), True)
        assert read_while(look).row_count == 240_000
    assert "planted" not in environments[0]
    assert len(ends) >= 3
    assert not [end for end in ends if not end.startswith("pipe:") and end != "/dev/null"]


def test_a_process_ends_when_its_parent_is_killed() -> None:
    code = (
        "import sys, time\n"
        "from services.files.parsing.process import ParseProcess\n"
        "print(ParseProcess().pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    ended, _, _ = select.select([pid], [], [], PATIENCE_SECONDS)
    os.close(pid)
    assert ended


@pytest.mark.parametrize("processes", [0, 1])
def test_only_large_files_have_a_process_while_one_is_free(processes: int) -> None:
    threads = ParsingThreads(2, processes=processes)
    before, seen = children(), set[int]()

    def watched(content: bytes) -> Iterator[bytes]:
        for piece in pieces(content):
            yield piece
            seen.update(children() - before)

    small = large()[: large().rindex(b"\n", 0, 3_000_000) + 1]
    assert threads.parse(watched(small), LIMITS) == parse(pieces(small), LIMITS)
    assert not seen
    for _ in range(2):
        seen.clear()
        assert threads.parse(watched(large()), LIMITS) == parse(pieces(large()), LIMITS)
        assert len(seen) == processes


def test_without_room_for_a_process_the_thread_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert ParsingThreads(1, processes=1).parse(pieces(large()), LIMITS) == parse(pieces(large()), LIMITS)


def test_a_full_disk_is_no_answer_about_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """More codes are counted here than stay in memory; where they wait, there is room for one MiB."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = 300_000
    content = table(rows).encode()
    limits = replace(LIMITS, max_rows=rows)
    with ParseProcess() as process:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        with pytest.raises(Unavailable):
            process.parse(pieces(content), limits, DETECT)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(Unavailable):
        ParsingThreads(1, processes=0).parse(pieces(content), limits)
    assert not list(tmp_path.iterdir())
