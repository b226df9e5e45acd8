"""Uploads that are refused while they are sent: clients that send everything first see the refusal, too."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.api import Person, reason, tls
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

MIB = 1024 * 1024
ROWS = b"n,m\n" + b"1,2\n" * (5 * MIB)
TOO_LARGE = b"n\n" + (b"x" * 4095 + b"\n") * (15 * 1024)


def by_urllib(stack: Stack, token: str, content: bytes) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        f"{stack.gateway_url}/v1/files:upload?filename=a.csv",
        data=content,
        headers={"authorization": f"Bearer {token}", "content-type": "text/csv"},
    )
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls(stack))
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        opener.open(request, timeout=PATIENCE_SECONDS)
    return caught.value.code, json.loads(caught.value.read())


def in_chunks(stack: Stack, token: str, content: bytes) -> tuple[int, dict[str, Any]]:
    """As clients do that do not know the length before."""
    place = stack.gateway_url.removeprefix("https://")
    connection = http.client.HTTPSConnection(place, context=tls(stack), timeout=PATIENCE_SECONDS)

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(content), MIB):
            yield content[at : at + MIB]

    headers = {"authorization": f"Bearer {token}", "content-type": "text/csv"}
    try:
        connection.request("POST", "/v1/files:upload", body=pieces(), headers=headers, encode_chunked=True)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, ssl.SSLError) as error:
        raise AssertionError("the answer did not arrive") from error
    finally:
        connection.close()


def facts(answer: dict[str, Any]) -> dict[str, Any]:
    (info,) = (detail for detail in answer["details"] if detail["@type"].endswith("ErrorInfo"))
    return dict(info)


@pytest.mark.promise("S54")
@pytest.mark.parametrize("send", [by_urllib, in_chunks])
def test_a_file_that_is_too_large(stack: Stack, person: Person, send: Any) -> None:
    status, answer = send(stack, person.token, TOO_LARGE)
    assert (status, facts(answer)["reason"]) == (413, "FILE_TOO_LARGE")
    assert facts(answer)["metadata"] == {"limit": str(50 * MIB)}


@pytest.mark.promise("S54")
def test_a_file_with_too_many_rows(stack: Stack, person: Person) -> None:
    status, answer = by_urllib(stack, person.token, ROWS)
    assert (status, facts(answer)["reason"]) == (400, "FILE_TOO_MANY_ROWS")


@pytest.mark.promise("S52", "S54")
def test_a_file_without_a_session(stack: Stack, person: Person) -> None:
    """Whatever is wrong with the token: the answer tells nothing of it."""
    answers = [by_urllib(stack, token, ROWS) for token in ("no", person.token[:-2])]
    answer = person.http.post("/v1/files:upload", content=b"a\n1\n", headers={"content-type": "text/csv"})
    assert answers == [(answer.status_code, answer.json())] * 2
    assert (answer.status_code, reason(answer)) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.promise("S52")
def test_a_file_with_a_token_that_may_only_read(stack: Stack, new_person: Callable[[], Person]) -> None:
    person = new_person()
    made = person.ok("POST", "/v1/accessTokens", {"display_name": "reads", "scopes": ["read"]})
    status, answer = by_urllib(stack, made["token"], ROWS)
    assert (status, facts(answer)["reason"]) == (403, "SCOPE_MISSING")
    assert person.ok("GET", "/v1/files")["files"] == []
