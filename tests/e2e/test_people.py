"""People at the gateway: any password, links whose host no client chooses, streams that end in time."""

import email
import email.policy
import json
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx2
import pytest

from services.common.ids import new_id
from tests.e2e.api import PASSWORD, Person, reason, tls
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS, until
from tests.support.provider import Provider
from tests.support.stack import Stack

NEW = "a completely different passphrase"
#: 256 characters of four bytes each, of which none can be left out.
FACES = "".join(chr(0x1F600 + (n * n + 7 * n) % 79) for n in range(256))
#: Longer than the 72 bytes that bcrypt reads.
LONG = "seven green boats sailed past the kestrel umbrella and never came back to quartz island"


def address() -> str:
    return f"person-{new_id()}@example.com"


def mails(stack: Stack, recipient: str) -> list[str]:
    """Return the texts of the mails to an address, oldest first."""
    found = []
    for path in sorted((stack.state_dir / "mail").glob("[!.]*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if mail["To"] == recipient:
            found.append(str(mail.get_content()))
    return found


def mail(stack: Stack, recipient: str, number: int = 1) -> str:
    """Return the n-th mail to an address once it has arrived."""
    until(lambda: len(mails(stack, recipient)) >= number, "no mail came")
    return mails(stack, recipient)[number - 1]


def token_in(text: str) -> str:
    (token,) = re.findall(r"#token=([A-Za-z0-9_-]{43})\n", text)
    return str(token)


@pytest.mark.promise("S20")
@pytest.mark.promise("S54")
@pytest.mark.parametrize(
    ("password", "status", "said"),
    first(
        8,
        [
            (FACES, 201, ""),
            (LONG[:72] + "\x00", 201, ""),
            ("😀" * 257, 400, "PASSWORD_TOO_LONG"),
            ("a" * 257, 400, "PASSWORD_TOO_LONG"),
            ("", 400, "PASSWORD_TOO_SHORT"),
            ("passwordpassword", 400, "PASSWORD_COMMON"),
            ("a" * 20, 400, "PASSWORD_WEAK"),
            (" " * 12, 400, "PASSWORD_WEAK"),
            ("kes\x00trel umbrella", 201, ""),
            ("é" + LONG[:71], 201, ""),
        ],
    ),
)
def test_a_password_is_taken_whole_or_refused_by_name(
    http: httpx2.Client, password: str, status: int, said: str
) -> None:
    account = {"email": address(), "password": password}
    answer = http.post("/v1/users", json=account)
    assert answer.status_code == status, answer.text
    if said:
        assert reason(answer) == said
        return
    assert http.post("/v1/sessions", json=account).status_code == 201
    wrong = http.post("/v1/sessions", json={**account, "password": password[:-1]})
    assert (wrong.status_code, reason(wrong)) == (401, "UNAUTHENTICATED")


@pytest.mark.promise("S54")
@pytest.mark.parametrize("path", ["/v1/users", "/v1/sessions"])
@pytest.mark.parametrize("text", [r"\ud800aaaaaaaaaaaa", r"aaaaaaaaaaaa\udfff", r"\udc00\ud800aaaaaaaaaaaa"])
def test_invalid_text_does_not_cause_a_500(http: httpx2.Client, path: str, text: str) -> None:
    for body in (
        f'{{"email": "{address()}", "password": "{text}"}}',
        f'{{"email": "{text}@example.com", "password": "{PASSWORD}"}}',
    ):
        answer = http.post(path, content=body.encode(), headers={"content-type": "application/json"})
        assert answer.status_code in (400, 401), answer.text
        reason(answer)


@pytest.mark.parametrize(
    "spelling", first(2, ["\t{1}\n", "{2}", "{3}", "{0}", " {0} ", "{1}", "{0}.", "{0}\u200b"])
)
def test_every_spelling_is_the_same_person_or_nobody(http: httpx2.Client, spelling: str) -> None:
    mine = address()
    assert http.post("/v1/users", json={"email": mine, "password": PASSWORD}).status_code == 201
    written = spelling.format(mine, mine.upper(), mine.replace("@", "＠"), mine.replace("person", "рerson"))
    signed_in = http.post("/v1/sessions", json={"email": written, "password": PASSWORD}).status_code
    again = http.post("/v1/users", json={"email": written, "password": PASSWORD})
    if signed_in == 201:
        assert (again.status_code, reason(again)) == (409, "EMAIL_TAKEN")
    else:
        # A spelling that cannot sign in is a different address, or not an address.
        assert signed_in == 401
        assert again.status_code in (201, 400)


@pytest.mark.promise("S25")
@pytest.mark.promise("S27")
@pytest.mark.parametrize(
    "hosts",
    [
        ("evil.example", ""),
        pytest.param(("good.example:evil@x", ""), marks=pytest.mark.long),
        pytest.param(("", "evil.example"), marks=pytest.mark.long),
    ],
)
def test_the_host_of_a_link_comes_from_the_settings_alone(
    http: httpx2.Client, stack: Stack, hosts: tuple[str, str]
) -> None:
    account = {"email": address(), "password": PASSWORD}
    assert http.post("/v1/users", json=account).status_code == 201
    token = http.post("/v1/sessions", json=account).json()["token"]
    headers = {"x-forwarded-host": hosts[1] or "evil.example", "forwarded": "host=evil.example"}
    if hosts[0]:
        headers["host"] = hosts[0]
    answer = http.post("/v1/passwordResets", json={"email": account["email"]}, headers=headers)
    if answer.status_code != 200:
        assert answer.status_code in (400, 421)
        return
    assert answer.json() == {}
    text = mail(stack, account["email"])
    assert "evil" not in text
    assert f"{stack.gateway_url}/reset-password#token=" in text
    done = http.post("/v1/passwordResets:confirm", json={"token": token_in(text), "new_password": NEW})
    assert done.status_code == 200
    ended = done.json()["ended"]
    assert (ended["sessions"], ended["devices"], ended["pending"]) == (1, 1, False)
    used = http.post("/v1/passwordResets:confirm", json={"token": token_in(text), "new_password": NEW})
    assert (used.status_code, reason(used)) == (400, "RESET_TOKEN_INVALID")
    me = http.get("/v1/users/me", headers={"authorization": f"Bearer {token}"})
    assert me.status_code == 401
    token = http.post("/v1/sessions", json={**account, "password": NEW}).json()["token"]
    listed = http.get("/v1/auditEvents", headers={"authorization": f"Bearer {token}"}).json()["audit_events"]
    (event,) = [event for event in listed if event["action"] == "reset-password"]
    assert (event["client_address"], event["automatic"]) == ("127.0.0.1", False)
    assert event["user_agent"]


def test_a_request_in_absolute_form_does_not_choose_the_host_either(
    http: httpx2.Client, stack: Stack
) -> None:
    account = {"email": address(), "password": PASSWORD}
    assert http.post("/v1/users", json=account).status_code == 201
    place = urlsplit(stack.gateway_url)
    body = json.dumps({"email": account["email"]}).encode()
    head = (
        "POST https://evil.example/v1/passwordResets HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with (
        socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE_SECONDS) as plain,
        tls(stack).wrap_socket(plain, server_hostname=place.hostname) as connection,
    ):
        connection.sendall(head.encode() + body)
        status = connection.recv(65536).split(b" ")[1]
    if status == b"200":
        assert "evil" not in mail(stack, account["email"])
    else:
        assert status in (b"400", b"404", b"421")


@pytest.mark.promise("S25")
def test_a_watched_job_is_seen_no_longer_than_five_seconds_after_the_session_has_ended(
    new_person: Callable[[], Person], provider: Provider
) -> None:
    person = new_person()
    provider.script(latency_ms=500)
    person.add_key(provider.base_url)
    file = person.file(b"n\n" + b"".join(b"row %d\n" % n for n in range(400)))
    job = person.job(file, [person.template("Say {{n}}")], parallel_calls=1)
    #: How many calls the provider had seen. They take half a second each, in turn, so they are the clock.
    calls_at_the_end: list[int] = []
    seen = threading.Event()

    def watch() -> None:
        with suppress(httpx2.TransportError):
            for _ in person.watch(job):
                seen.set()
        calls_at_the_end.append(provider.summary()["total"])

    again = person.http.post("/v1/sessions", json={"email": person.email, "password": PASSWORD}).json()[
        "token"
    ]
    watching = threading.Thread(target=watch)
    watching.start()
    assert seen.wait(PATIENCE_SECONDS)
    provider.wait_for(2)
    assert person.ok("DELETE", "/v1/sessions/current") == {}
    calls = provider.summary()["total"]
    watching.join(PATIENCE_SECONDS)
    assert calls_at_the_end, "the stream went on"
    assert calls_at_the_end[0] - calls <= 10
    person.token = again
    person.ok("POST", f"/v1/{job['name']}:cancel", {})


@pytest.mark.promise("S25")
def test_an_upload_is_broken_off_when_its_session_ends(new_person: Callable[[], Person]) -> None:
    person = new_person()
    done = threading.Event()
    #: The sent pieces. One goes out every fifth of a second, so they are the clock.
    pieces: list[bytes] = []
    answers: list[int] = []

    def slowly() -> Iterator[bytes]:
        yield b"n\n"
        while not done.wait(0.2):
            pieces.append(b"row\n")
            yield pieces[-1]

    def upload() -> None:
        with suppress(httpx2.TransportError):
            answer = person.http.post(
                "/v1/files:upload?filename=slow.csv",
                content=slowly(),
                headers={"authorization": f"Bearer {person.token}", "content-type": "text/csv"},
            )
            answers.append(answer.status_code)

    uploading = threading.Thread(target=upload)
    uploading.start()
    until(lambda: len(pieces) >= 5)
    person.ok("DELETE", "/v1/sessions/current")
    sent = len(pieces)
    uploading.join(PATIENCE_SECONDS)
    went_on = uploading.is_alive()
    done.set()
    uploading.join(PATIENCE_SECONDS)
    assert not went_on
    assert len(pieces) - sent <= 25
    assert answers in ([401], [])


@pytest.mark.promise("S22")
def test_without_the_cache_ended_sessions_stay_ended_and_others_go_on(
    new_person: Callable[[], Person], stack: Stack
) -> None:
    ended, stays = new_person(), new_person()
    ended.ok("DELETE", "/v1/sessions/current")
    os.kill(stack.pids["valkey"], signal.SIGKILL)
    assert ended.call("GET", "/v1/users/me").status_code == 401
    assert stays.ok("GET", "/v1/users/me")["email"] == stays.email
    again = stays.http.post("/v1/sessions", json={"email": stays.email, "password": PASSWORD})
    assert again.status_code == 201
    assert ended.call("GET", "/v1/users/me").status_code == 401
