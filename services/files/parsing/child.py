"""Reads one file in a process of its own: how and then the file on standard input, what it is on the output.

It holds no key, no connection and nothing of other files, so that whatever a file does to its reader, it does
to no more than its own upload.
"""

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from io import BufferedReader

from services.common.errors import DomainError
from services.files.parsing.form import dump_failure, dump_parsed, dump_refusal, load_question
from services.files.reading.reader import parse

#: Taken at once, so that who sends is woken seldom; looked at in pieces that a processor keeps near.
_READ_BYTES = 1024 * 1024
_PIECE_BYTES = 64 * 1024


def main() -> None:
    """Answer and end."""
    # Nothing here goes in circles, and looking for what does takes a twentieth of the time.
    gc.disable()
    # Nowhere else, not even when it is full.
    tempfile.tempdir = os.environ["TMPDIR"]
    with open(0, "rb") as source:
        answer = _answer(source)
    try:
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Nobody waits for it any more.
        os._exit(1)


def _answer(source: BufferedReader) -> bytes:
    limits, requested = load_question(source.readline())
    try:
        return dump_parsed(parse(_pieces(source), limits, requested))
    except DomainError as refusal:
        return dump_refusal(refusal)
    except Exception as error:  # noqa: BLE001  whatever it is, who waits logs it
        # Seldom needed, and slow to import.
        from services.common.logs import describe

        # The disk or the memory is full.
        return dump_failure(describe(error), passing=isinstance(error, OSError | MemoryError))


def _pieces(source: BufferedReader) -> Iterator[bytes]:
    while read := source.read1(_READ_BYTES):
        for at in range(0, len(read), _PIECE_BYTES):
            yield read[at : at + _PIECE_BYTES]


if __name__ == "__main__":
    main()
