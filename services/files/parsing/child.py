"""Reads one file in a process of its own: the question and the file on standard input, the answer on output.

The process has no key, no connection and nothing of other files, so a file that harms its reader harms only
its own upload.
"""

import gc
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from io import BufferedReader

from services.common.errors import DomainError
from services.files.parsing.form import dump_failure, dump_parsed, dump_refusal, load_question
from services.files.parsing.read_file import OtherwiseReadable
from services.files.parsing.workbook_child import read_workbook
from services.files.reading.reader import parse

#: Bytes read at once, as many as the pipe holds, so that the sender wakes rarely; they are parsed in pieces
#: that fit into a processor's cache.
_READ_BYTES = 1024 * 1024
_PIECE_BYTES = 64 * 1024


def main() -> None:
    """Answer one question, then end."""
    # Nothing here forms reference cycles, and looking for them takes a twentieth of the time.
    gc.disable()
    # Spill files go to this directory and no other, even when it is full.
    tempfile.tempdir = os.environ["TMPDIR"]
    with open(0, "rb") as source:
        answer = _answer(source)
    try:
        for piece in answer:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The parent no longer waits for the answer.
        os._exit(1)


def _answer(source: BufferedReader) -> Iterable[bytes]:
    question = load_question(source.readline())
    try:
        if question.workbook is not None:
            return read_workbook(source, question)
        return [dump_parsed(parse(_pieces(source), question.limits, question.requested))]
    except OtherwiseReadable as refused:
        return [dump_refusal(refused.refusal, refused.others)]
    except DomainError as refusal:
        return [dump_refusal(refusal)]
    except Exception as error:  # noqa: BLE001  the parent logs whatever it is
        # Rarely needed, and slow to import.
        from services.common.logs import describe

        # `passing`: the disk or the memory is full, and may not be later.
        return [dump_failure(describe(error), passing=isinstance(error, OSError | MemoryError))]


def _pieces(source: BufferedReader) -> Iterator[bytes]:
    while read := source.read1(_READ_BYTES):
        for at in range(0, len(read), _PIECE_BYTES):
            yield read[at : at + _PIECE_BYTES]


if __name__ == "__main__":
    main()
