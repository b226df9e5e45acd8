"""Names, page tokens, errors on the wire, log lines: the small shared parts."""

import logging
from datetime import UTC, datetime

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smelt.files.v1 import rows_pb2  # noqa: F401  registers the contract that is looked up

from services.common import paging
from services.common.errors import DomainError, InvalidRequest, Kind
from services.common.ids import new_id, parse_name
from services.common.logs import describe
from services.common.rpc.errors import error_from_status, status_of, trailing_metadata
from services.common.rpc.server import check_policy, methods_of


class TooManyApples(DomainError):
    reason = "TOO_MANY_APPLES"
    kind = Kind.EXHAUSTED
    message = "Too many apples"


def test_ids_are_unlike_and_safe_in_paths() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(id_) == 26 and id_.isalnum() and id_ == id_.lower() for id_ in made)


@pytest.mark.parametrize(
    "name", ["files", "files/", "files/A", "files/../x", "jobs/abc", "files/a/b", "files/" + "a" * 65]
)
def test_a_name_of_another_shape_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_name("files", name)


def test_an_error_survives_the_wire() -> None:
    sent = TooManyApples(violations=[("basket", "is full")], retry_after_seconds=7, limit="12")
    got = error_from_status(status_of(sent))
    assert (got.reason, got.kind, got.message) == ("TOO_MANY_APPLES", Kind.EXHAUSTED, "Too many apples")
    assert got.violations == (("basket", "is full"),)
    assert (got.retry_after_seconds, got.metadata) == (7, {"limit": "12"})
    assert ("retry-after", "7") in trailing_metadata(sent)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_code(kind: Kind) -> None:
    error = type("Some", (DomainError,), {"kind": kind})()
    assert status_of(error).code in {code.value[0] for code in grpc.StatusCode}


@given(st.datetimes(timezones=st.just(UTC)), st.from_regex(r"[a-z2-7]{26}", fullmatch=True))
def test_a_page_token_leads_back_to_its_place(moment: datetime, id_: str) -> None:
    place = paging.Position(create_time=moment, id=id_)
    assert paging.position(place.token()) == place


@given(st.text(max_size=200))
def test_any_other_text_is_no_page_token(text: str) -> None:
    try:
        place = paging.position(text)
    except paging.PageTokenInvalid:
        return
    assert place is None or place.token() == text.rstrip("=")


def test_page_sizes_have_a_default_and_a_ceiling() -> None:
    assert [paging.size(wanted) for wanted in (0, 1, 1000, 5000)] == [50, 1, 1000, 1000]


def test_a_logged_exception_keeps_its_text_to_itself() -> None:
    try:
        raise RuntimeError("sk-secret")
    except RuntimeError as error:
        described = describe(error)
    assert described["error"] == "RuntimeError"
    assert "sk-secret" not in str(described)


def test_a_library_that_logs_arguments_logs_them_without_values() -> None:
    from services.common.logs import _JsonLines

    record = logging.LogRecord("lib", logging.WARNING, "f", 1, "got %s", ("sk-secret",), None)
    assert "sk-secret" not in _JsonLines("test").format(record)


def test_a_method_on_no_list_stops_the_start() -> None:
    name = "smelt.files.v1.RowService"
    assert methods_of([name]) == {
        "/smelt.files.v1.RowService/CheckFile",
        "/smelt.files.v1.RowService/ReadRows",
    }
    with pytest.raises(SystemExit, match=r"^no list of callers for: /smelt\.files\.v1\.RowService/CheckFile"):
        check_policy({}, [name])
