"""A small body that holds very much is refused by counting; what was refused is told in a bounded status."""

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smelt.auth.v1 import access_tokens_pb2, session_states_pb2, sessions_pb2
from smelt.processor.v1 import jobs_pb2, templates_pb2, webhooks_pb2

from services.common.errors import DomainError, InvalidRequest
from services.common.rpc import bounds
from services.common.rpc.errors import error_from_status, status_of
from services.common.rpc.guard import check

#: What the gateway takes as trailers is a multiple of this.
MOST_STATUS_BYTES = 2_048
MANY = 300_000


def refusals(call: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as refused:
        check(call)  # type: ignore[arg-type]
    return list(refused.value.violations)


@pytest.mark.promise("S59")
def test_hundreds_of_thousands_of_items_are_refused_by_their_number() -> None:
    scopes = access_tokens_pb2.CreateAccessTokenRequest(display_name="x", scopes=[""] * MANY)
    assert refusals(scopes) == [("scopes", "must have at most 2 items")]
    templates = jobs_pb2.CreateJobRequest(templates=[""] * MANY)
    assert refusals(templates) == [("templates", "must have at most 20 items")]


@pytest.mark.promise("S59")
def test_no_item_of_a_list_that_is_too_long_is_looked_at() -> None:
    steps = 0

    def count_lines(frame: object, event: str, argument: object) -> object:
        nonlocal steps
        steps += event == "line"
        return count_lines

    long = jobs_pb2.CreateJobRequest(templates=[""] * MANY)
    sys.settrace(count_lines)  # type: ignore[arg-type]
    try:
        with pytest.raises(bounds.TooMuch):
            bounds.count(long)
    finally:
        sys.settrace(None)
    assert steps < 200


@pytest.mark.promise("S54")
def test_nul_is_refused_in_every_text_that_is_no_secret() -> None:
    nul = "must not contain NUL characters"
    for request, field in (
        (webhooks_pb2.CreateWebhookRequest(webhook={"display_name": "a\0"}), "webhook.display_name"),
        (
            templates_pb2.CreateTemplateRequest(template={"forbidden_words": ["a", "\0"]}),
            "template.forbidden_words",
        ),
        (templates_pb2.TestTemplateRequest(mock_values={"a\0": "b"}), "mock_values"),
        (templates_pb2.TestTemplateRequest(mock_values={"a": "\0"}), "mock_values"),
        (
            templates_pb2.UpdateTemplateRequest(template={}, update_mask={"paths": ["\0"]}),
            "update_mask.paths",
        ),
    ):
        assert refusals(request) == [(field, nul)]
    check(sessions_pb2.CreateSessionRequest(email="a@example.com", password="a\0b"))


def test_a_map_and_a_list_without_a_bound_of_their_own_have_one() -> None:
    mocks = {str(number): "x" for number in range(bounds.MOST_ITEMS + 1)}
    said = refusals(templates_pb2.TestTemplateRequest(mock_values=mocks))
    assert said == [("mock_values", f"must have at most {bounds.MOST_ITEMS} items")]


def test_a_text_that_is_too_long_is_refused_before_its_pattern_is_tried() -> None:
    long = access_tokens_pb2.CreateAccessTokenRequest(display_name="x" * 1_000_000, scopes=["read"])
    (said,) = refusals(long)
    assert said[0] == "display_name"
    assert "at most" in said[1]


def test_of_a_large_request_the_first_fault_is_told_and_of_a_small_one_all() -> None:
    wrong = session_states_pb2.GetSessionStatesRequest.Session(id="x" * 99, account="y" * 101)
    assert refusals(session_states_pb2.GetSessionStatesRequest(sessions=[wrong] * 900)) == [
        ("sessions.account", "must have at most 100 characters")
    ]
    small = templates_pb2.TestTemplateRequest(file="no", templates=["no", "none"])
    assert [field for field, _ in refusals(small)] == ["templates", "templates", "file"]


def test_what_a_contract_allows_is_counted_and_let_through() -> None:
    session = session_states_pb2.GetSessionStatesRequest.Session(id="a" * 26, account="b" * 26)
    largest = session_states_pb2.GetSessionStatesRequest(sessions=[session] * 1_000)
    check(largest)
    assert bounds.count(largest) == 3_000


@pytest.mark.promise("S59")
@given(
    message=st.text(max_size=5_000),
    violations=st.lists(st.tuples(st.text(max_size=600), st.text(max_size=50_000)), max_size=60),
    metadata=st.dictionaries(st.sampled_from(["variable", "size", "column"]), st.text(max_size=50_000)),
)
def test_no_refusal_is_too_long_for_trailers(
    message: str, violations: list[tuple[str, str]], metadata: dict[str, Any]
) -> None:
    error = InvalidRequest(message, violations=violations, **metadata)
    status = status_of(error)
    assert status.ByteSize() <= MOST_STATUS_BYTES
    assert error_from_status(status).reason == InvalidRequest.reason


@pytest.mark.promise("S59")
@pytest.mark.parametrize("letter", ["x", "é", "語", "\U0001f600"])
def test_the_longest_refusal_that_anyone_can_cause_fits_trailers(letter: str) -> None:
    long = letter * 50_000
    status = status_of(InvalidRequest(long, violations=[(long, long)] * 2_000, variable=long, column=long))
    assert status.ByteSize() <= MOST_STATUS_BYTES
    # A field named after a long variable, with a short description, and the other way round.
    for violation in ((long, "x"), ("x", long), (letter * 190, letter * 190)):
        assert status_of(InvalidRequest(violations=[violation] * 2_000)).ByteSize() <= MOST_STATUS_BYTES


def test_what_was_left_out_is_said() -> None:
    error = DomainError("x", violations=[(f"templates[{n}]", "is required") for n in range(2_000)])
    told = error_from_status(status_of(error)).violations
    assert len(told) == 21
    assert told[0] == ("templates[0]", "is required")
    assert told[-1] == ("", "and 1980 more")


def test_an_ordinary_refusal_is_told_as_it_is() -> None:
    error = InvalidRequest("The prompt is empty", violations=[("prompt", "is required")], variable="Prénom")
    told = error_from_status(status_of(error))
    assert (told.message, told.violations, told.metadata) == (
        "The prompt is empty",
        (("prompt", "is required"),),
        {"variable": "Prénom"},
    )
