"""What a provider says of batches: only what is an id is kept, and nothing that shows the key."""

import base64
from typing import Any

import pytest

from services.processor.provider.seen_batches import SeenBatch, Stage, seen_batch, seen_batches, seen_files

KEY = b"sk-proj-9aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1x"


def said(**more: Any) -> dict[str, Any]:
    return {
        "id": "batch_1",
        "object": "batch",
        "status": "in_progress",
        "metadata": {"smelt_batch": "m1"},
        **more,
    }


@pytest.mark.parametrize("status", ["validating", "in_progress", "finalizing", "cancelling", "new", 7, None])
def test_a_batch_is_under_way_until_it_is_known_to_be_over(status: object) -> None:
    seen = seen_batch(said(status=status), KEY)
    assert seen is not None
    assert (seen.stage, seen.mark) == (Stage.UNDER_WAY, "m1")


@pytest.mark.parametrize("status", ["completed", "expired", "cancelled"])
def test_what_was_answered_of_a_batch_that_is_over_can_be_read(status: str) -> None:
    seen = seen_batch(said(status=status, output_file_id="file-1", error_file_id="file-2"), KEY)
    assert seen == SeenBatch("batch_1", Stage.OVER, status, "m1", "file-1", "file-2")


def test_a_batch_that_failed_says_why_and_whether_the_queue_was_full() -> None:
    errors = {"data": [{"code": "token_limit_exceeded", "message": f"Enqueued token limit; {KEY.decode()}"}]}
    seen = seen_batch(said(status="failed", errors=errors), KEY)
    assert seen is not None
    assert (seen.stage, seen.is_full) == (Stage.REFUSED, True)
    assert seen.failure is not None
    assert KEY.decode() not in seen.failure.said


@pytest.mark.promise("S01")
@pytest.mark.promise("S45")
@pytest.mark.parametrize(
    "id_",
    [
        KEY.decode(),
        KEY.decode()[::-1],
        base64.urlsafe_b64encode(KEY).decode().rstrip("="),
        KEY.hex(),
        "../files",
        "a/b",
        "a?b",
        "",
        ".",
        "x" * 201,
        7,
        None,
    ],
)
def test_what_shows_the_key_or_is_no_id_is_not_kept(id_: object) -> None:
    assert seen_batch(said(id=id_), KEY) is None
    seen = seen_batch(said(output_file_id=id_, metadata={"smelt_batch": id_}), KEY)
    assert seen is not None
    assert (seen.output_file, seen.mark) == ("", "")
    assert seen_files({"data": [{"id": id_, "filename": "a"}]}, KEY) == {}


@pytest.mark.parametrize(
    "answer", [None, [], "batch", {}, {"data": None}, {"data": {"id": "batch_1"}}, {"data": [7]}]
)
def test_what_is_no_list_has_no_batches(answer: object) -> None:
    assert seen_batches(answer, KEY) == ([], False)
    assert seen_batch(answer, KEY) is None


def test_a_page_says_whether_there_are_more() -> None:
    batches, more = seen_batches({"data": [said(), said(id="batch_2")], "has_more": True}, KEY)
    assert ([each.id for each in batches], more) == (["batch_1", "batch_2"], True)
