"""Lines of batches: how they are cut from pieces, and what those mean that come back."""

import orjson
import pytest

from services.processor.provider.batch_lines import AnswerLine, Cutter, answer_line, request_line


def lines(*pieces: bytes, most: int = 100) -> list[bytes]:
    cutter = Cutter(most)
    found = [line for piece in pieces for line in cutter.cut(piece)]
    return found + list(cutter.end())


def test_lines_are_the_same_however_they_come_in_pieces() -> None:
    whole = b"one\ntwo\n\n three\nlast"
    wanted = [b"one", b"two", b" three", b"last"]
    assert lines(whole) == wanted
    assert lines(*(whole[n : n + 1] for n in range(len(whole)))) == wanted


def test_a_line_that_is_too_long_is_left_out_and_those_beside_it_are_not() -> None:
    assert lines(b"a\n", b"x" * 60, b"x" * 60, b"\nb\n", most=100) == [b"a", b"b"]
    assert lines(b"x" * 101, most=100) == []
    assert lines(b"x" * 100, most=100) == [b"x" * 100]


def test_what_is_sent_names_the_row_and_the_step() -> None:
    sent = orjson.loads(request_line(17, 2, {"model": "m"}))
    assert sent == {
        "custom_id": "17-2",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "m"},
    }


def test_an_answer_has_its_status_and_body() -> None:
    line = {"custom_id": "17-2", "response": {"status_code": 200, "body": {"a": 1}}, "error": None}
    assert answer_line(orjson.dumps(line)) == AnswerLine(17, 2, 200, b'{"a":1}')


def test_a_request_that_was_not_executed_has_no_status() -> None:
    line = {"custom_id": "3-0", "response": None, "error": {"code": "batch_expired"}}
    assert answer_line(orjson.dumps(line)) == AnswerLine(3, 0, 0, b"")


@pytest.mark.promise("S45")
@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no json",
        b"[]",
        b"17",
        b'{"custom_id": 17}',
        b'{"custom_id": "17"}',
        b'{"custom_id": "../17-0"}',
        b'{"custom_id": "99999999999-0"}',
    ],
)
def test_what_is_no_answer_to_a_row_is_none(line: bytes) -> None:
    assert answer_line(line) is None


@pytest.mark.parametrize("status", [None, True, "200", 99, 600, 200.0])
def test_a_status_that_is_none_counts_as_not_answered(status: object) -> None:
    line = {"custom_id": "3-0", "response": {"status_code": status, "body": {}}}
    assert answer_line(orjson.dumps(line)) == AnswerLine(3, 0, 0, b"")
