"""The stand-in provider as its clients see it: correct answers, and every kind of fault."""

import socket
import time
from typing import Any

import httpx2
import pytest

from tests.support.patience import PATIENCE_SECONDS, until
from tests.support.provider import Provider, answer_for, authorization_sha256
from tests.unit.provider.conftest import KEY


def ask(http: httpx2.Client, prompt: str = "Write a hook for Ada at Acme", **more: Any) -> httpx2.Response:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}]
    return http.post("/chat/completions", json={"model": "gpt-4o-mini", "messages": messages, **more})


def content(answer: httpx2.Response) -> str:
    text: str = answer.json()["choices"][0]["message"]["content"]
    return text


def test_the_answer_can_be_computed_from_the_prompt(http: httpx2.Client) -> None:
    answer = ask(http).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"] == answer_for("Write a hook for Ada at Acme")
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] == len("Be brief.Write a hook for Ada at Acme") // 4


def test_different_prompts_get_different_answers(http: httpx2.Client) -> None:
    assert len({content(ask(http, f"Write for person {number}\nsame end")) for number in range(50)}) == 50


def test_a_record_holds_the_call_and_only_a_hash_of_the_key(http: httpx2.Client, provider: Provider) -> None:
    before = time.monotonic()
    ask(http, "Hello", temperature=0.5, max_tokens=7)
    (seen,) = provider.requests()
    assert (seen["prompt"], seen["model"], seen["status"], seen["attempt"]) == (
        "Hello",
        "gpt-4o-mini",
        200,
        1,
    )
    assert seen["parameters"] == {"temperature": 0.5, "max_tokens": 7}
    assert seen["authorization_sha256"] == authorization_sha256(KEY)
    assert "authorization" in seen["header_names"]
    assert before <= seen["received"] <= seen["ended"] <= time.monotonic()
    assert KEY not in str(provider.requests())


def test_without_a_key_nothing_is_answered(http: httpx2.Client) -> None:
    del http.headers["Authorization"]
    assert ask(http).status_code == 401
    assert http.get("/models").status_code == 401


def test_models_are_listed_and_unknown_paths_are_not_found(http: httpx2.Client) -> None:
    assert "gpt-4o-mini" in [model["id"] for model in http.get("/models").json()["data"]]
    assert http.get("/nothing").status_code == 404


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_a_status_can_be_scripted(http: httpx2.Client, provider: Provider, status: int) -> None:
    provider.script({"action": "status", "status": status, "retry_after": 2, "retry_after_ms": 1500})
    answer = ask(http)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("2", "1500")


def test_a_refused_key_is_echoed_as_far_as_asked(http: httpx2.Client, provider: Provider) -> None:
    for echo, shown in (("none", False), ("partial", False), ("full", True)):
        provider.script({"action": "status", "status": 401, "echo_key": echo})
        assert (KEY in ask(http).text) is shown
    provider.script({"action": "status", "status": 401, "echo_key": "partial"})
    assert KEY[-4:] in ask(http).text


@pytest.mark.parametrize(
    ("action", "piece"),
    [
        ("not_json", '{"id"'),
        ("html", "<!doctype html>"),
        ("empty_choices", '"choices":[]'),
        ("truncated", '"finish_reason":"length"'),
        ("content_filter", '"finish_reason":"content_filter"'),
        ("wrong_types", '"prompt_tokens":"many"'),
        ("nuls", "\\u0000"),
        ("key_echo", KEY),
    ],
)
def test_a_broken_answer_comes_with_status_200(
    http: httpx2.Client, provider: Provider, action: str, piece: str
) -> None:
    provider.script({"action": action})
    answer = ask(http)
    assert answer.status_code == 200
    assert piece in answer.text


def test_exhausted_credit_says_so(http: httpx2.Client, provider: Provider) -> None:
    provider.script({"action": "insufficient_quota"})
    answer = ask(http)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")


def test_words_can_be_put_into_the_models_mouth(http: httpx2.Client, provider: Provider) -> None:
    provider.script({"action": "content", "content": "=1+1"})
    assert content(ask(http)) == "=1+1"


def test_a_redirect_is_offered(http: httpx2.Client, provider: Provider) -> None:
    provider.script({"action": "redirect", "location": "http://127.0.0.1:1/"})
    answer = ask(http)
    assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:1/")


def test_a_huge_answer_is_as_large_as_asked(http: httpx2.Client, provider: Provider) -> None:
    provider.script({"action": "huge", "megabytes": 3})
    assert len(ask(http).content) > 3_000_000


def test_a_cut_body_and_a_reset_are_seen_as_such(http: httpx2.Client, provider: Provider) -> None:
    provider.script({"action": "cut_off"})
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(http)
    provider.script({"action": "reset"})
    with pytest.raises(httpx2.ReadError):
        ask(http)


def test_slow_answers_and_latency_add_up(http: httpx2.Client, provider: Provider) -> None:
    provider.script({"action": "slow", "seconds": 0.2}, latency_ms=100)
    start = time.monotonic()
    assert content(ask(http)) == answer_for("Write a hook for Ada at Acme")
    assert time.monotonic() - start >= 0.3


def test_a_trickle_keeps_the_body_coming_byte_by_byte(http: httpx2.Client, provider: Provider) -> None:
    provider.script({"action": "trickle"})
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    with http.stream("POST", "/chat/completions", json=body) as answer:
        chunks = answer.iter_raw()
        assert [next(chunks), next(chunks)] == [b"{", b'"']


def test_a_client_that_leaves_is_recorded_as_abandoned(provider: Provider) -> None:
    provider.script({"action": "slow", "seconds": 600})
    host, _, port = provider.address.rpartition(":")
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        provider.wait_for(1)
    until(lambda: provider.requests()[0]["abandoned"])
    assert provider.summary()["abandoned"] == 1
    assert provider.requests()[0]["status"] is None


def test_several_requests_on_one_connection_are_answered_in_order(provider: Provider) -> None:
    host, _, port = provider.address.rpartition(":")
    body = b'{"model":"m","messages":[{"role":"user","content":"pipelined"}]}'
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    parts = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked
    provider.script(latency_ms=20)
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(whole + parts)
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < 2 or received.count(b"fp_standin") < 2:
            received += connection.recv(65536)
    assert received.index(b"chatcmpl-standin-1") < received.index(b"chatcmpl-standin-2")


def test_bytes_that_are_no_request_end_the_connection(provider: Provider) -> None:
    host, _, port = provider.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"hello\r\n\r\n")
        received = connection.recv(65536)
    assert received.startswith(b"HTTP/1.1 400 ")


def test_the_record_can_be_bounded_and_turned_off(http: httpx2.Client, provider: Provider) -> None:
    provider.script(record_limit=2)
    for number in range(5):
        ask(http, f"prompt {number}")
    assert provider.prompts() == ["prompt 3", "prompt 4"]
    provider.script(record=False)
    ask(http)
    assert (provider.summary()["total"], provider.summary()["kept"]) == (6, 2)


def test_a_script_with_a_mistake_is_refused(provider: Provider) -> None:
    with pytest.raises(ValueError, match="actoin"):
        provider.script({"actoin": "slow"})
    with pytest.raises(ValueError, match="literal_error"):
        provider.script({"action": "unheard_of"})


def test_a_parameter_is_refused_where_it_is_sent_and_only_there(
    http: httpx2.Client, provider: Provider
) -> None:
    provider.script({"action": "refuse_parameter", "parameter": "temperature"})
    refused = ask(http, temperature=0.5)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "temperature")
    assert ask(http).status_code == 200
