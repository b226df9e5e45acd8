"""Bad input gets the right status and a stable reason, and leaves nothing half-stored."""

import pytest

from tests.e2e.api import Person, reason
from tests.support.provider import Provider

MIB = 1024 * 1024


@pytest.mark.promise("S54")
@pytest.mark.parametrize(
    ("content", "status", "expected", "line"),
    [
        pytest.param(b"", 400, "FILE_NO_DATA_ROWS", None, id="empty"),
        pytest.param(b"a,b\n", 400, "FILE_NO_DATA_ROWS", None, id="header only"),
        pytest.param(b'a,b\n1,2\n3,"open\n5,6\n', 400, "FILE_MALFORMED", "3", id="unclosed quote"),
        pytest.param(b"a,b\n1,2\n3\n", 400, "FILE_MALFORMED", "3", id="ragged row"),
        pytest.param(b"a,b\n1,2\n3,\x00\n", 400, "FILE_MALFORMED", "3", id="NUL"),
        pytest.param(b"\x1f\x8b" + b"\0" * 40, 400, "FILE_INVALID_FORMAT", None, id="gzip"),
        pytest.param(b"PK\x03\x04" + b"\0" * 40, 400, "FILE_WORKBOOK_INVALID", None, id="zip"),
        pytest.param(",".join(f"c{n}" for n in range(101)).encode() + b"\n" + b"," * 100 + b"\n", 400,
                     "FILE_TOO_MANY_COLUMNS", None, id="101 columns"),
        pytest.param(b"a,b\n1\n" + b"1,2\n" * 9_000_000, 400, "FILE_MALFORMED", "2", id="while it is sent"),
        pytest.param(b"n\n" + b"1\n" * 50_001, 400, "FILE_TOO_MANY_ROWS", None, id="50,001 rows"),
        pytest.param(b"n\n" + (b"x" * 1023 + b"\n") * (51 * 1024), 413, "FILE_TOO_LARGE", None, id="51 MB"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused(
    person: Person, content: bytes, status: int, expected: str, line: str | None
) -> None:
    before = person.ok("GET", "/v1/files?page_size=1000")["files"]
    answer = person.upload(content)
    assert (answer.status_code, reason(answer)) == (status, expected)
    if line:
        info = next(d for d in answer.json()["details"] if d.get("reason") == expected)
        assert info["metadata"]["line"] == line
    assert person.ok("GET", "/v1/files?page_size=1000")["files"] == before


def test_an_unknown_variable_is_named_before_the_start(person: Person, provider: Provider) -> None:
    person.add_key(provider.base_url)
    file = person.file(b"Name\nAda\n")
    template = person.template("Hello {{Nmae}}")
    answer = person.call("POST", "/v1/jobs", {"file": file["name"], "templates": [template["name"]]})
    assert (answer.status_code, reason(answer)) == (400, "UNKNOWN_VARIABLE")
    assert "Nmae" in answer.text
    assert provider.requests() == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"templates": []}, "NO_TEMPLATES"),
        ({"first_row": 2}, "INVALID_ROW_RANGE"),
        ({"first_row": -1}, "INVALID_ROW_RANGE"),
        ({"last_row": 9}, "INVALID_ROW_RANGE"),
        ({"file": "files/aaaaaaaaaaaaaaaaaaaaaaaaaa"}, "FILE_NOT_FOUND"),
        ({"templates": ["templates/aaaaaaaaaaaaaaaaaaaaaaaaaa"]}, "TEMPLATE_NOT_FOUND"),
        ({"api_key": "apiKeys/aaaaaaaaaaaaaaaaaaaaaaaaaa"}, "API_KEY_NOT_FOUND"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(
    person: Person, provider: Provider, change: dict[str, object], expected: str
) -> None:
    person.add_key(provider.base_url)
    file = person.file(b"Name\nAda\n")
    good = {"file": file["name"], "templates": [person.template("Hello {{Name}}")["name"]]}
    answer = person.call("POST", "/v1/jobs", good | change)
    assert answer.status_code in (400, 404)
    assert reason(answer) == expected


def test_an_output_column_may_not_clash(person: Person, provider: Provider) -> None:
    person.add_key(provider.base_url)
    file = person.file(b"Name\nAda\n")
    template = person.template("Hello {{Name}}", output_column="name")
    answer = person.call("POST", "/v1/jobs", {"file": file["name"], "templates": [template["name"]]})
    assert (answer.status_code, reason(answer)) == (400, "OUTPUT_COLUMN_CLASH")


@pytest.mark.parametrize(
    ("rule", "row_reason"),
    [
        ({"action": "status", "status": 500}, "PROVIDER_UNAVAILABLE"),
        ({"action": "not_json"}, "PROVIDER_ANSWER_INVALID"),
        ({"action": "cut_off"}, None),
        ({"action": "empty_choices"}, "PROVIDER_ANSWER_INVALID"),
        ({"action": "html"}, "PROVIDER_ANSWER_INVALID"),
        ({"action": "status", "status": 400}, "PROVIDER_REJECTED"),
        ({"action": "truncated"}, "OUTPUT_TRUNCATED"),
    ],
)
def test_a_provider_that_fails_one_row_fails_only_that_row(
    person: Person, provider: Provider, rule: dict[str, object], row_reason: str | None
) -> None:
    provider.script(rule | {"contains": "Say bad"})
    person.add_key(provider.base_url)
    key = person.ok("GET", "/v1/apiKeys")["api_keys"][0]
    job = person.job(
        person.file(b"n\ngood\nbad\nfine\n"), [person.template("Say {{n}}")], api_key=key["name"]
    )
    done = person.finished(job)
    assert done["state"] == "COMPLETED"
    assert done["request_counts"] == {"total": 3, "succeeded": 2, "failed": 1, "skipped": 0}
    rows = person.ok("GET", f"/v1/{job['name']}/rows?filter=state%20%3D%20FAILED")["rows"]
    assert [row["number"] for row in rows] == [2]
    if row_reason:
        assert rows[0]["error"]["reason"] == row_reason
    assert len([prompt for prompt in provider.prompts() if "bad" in prompt]) <= 3


def test_a_refused_key_stops_the_job_with_a_reason(person: Person, provider: Provider) -> None:
    provider.script({"action": "status", "status": 401, "echo_key": "full"})
    key = person.add_key(provider.base_url)
    job = person.job(person.file(b"n\n" + b"x\n" * 200), [person.template("Say {{n}}")], api_key=key["name"])
    done = person.finished(job)
    assert (done["state"], done["pause_reason"]) == ("PAUSED", "PROVIDER_AUTH")
    assert person.keys[-1] not in person.call("GET", f"/v1/{job['name']}/rows").text
    assert len(provider.requests()) < 50


@pytest.mark.parametrize(
    "base_url",
    [
        "http://169.254.169.254/latest",
        "http://localhost:6379",
        "https://[::ffff:127.0.0.1]/v1",
        "https://0x7f000001/v1",
        "https://127.1/v1",
        "https://api.openai.com@evil.example/v1",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://example.com/v1?x=1",
        "https://example.com/v1#x",
    ],
)
def test_an_endpoint_that_is_not_allowed_is_refused_when_saved(person: Person, base_url: str) -> None:
    answer = person.call("POST", "/v1/apiKeys", {"secret": "sk-" + "x" * 40, "base_url": base_url})
    assert (answer.status_code, reason(answer)) == (400, "BASE_URL_NOT_ALLOWED")


@pytest.mark.parametrize(
    "secret", ["", "short", "sk-with space-in-the-middle", "no-prefix-" + "x" * 30, "sk-" + "é" * 30]
)
def test_a_secret_of_the_wrong_form_is_refused(person: Person, secret: str) -> None:
    answer = person.call("POST", "/v1/apiKeys", {"secret": secret})
    assert (answer.status_code, reason(answer)) == (400, "API_KEY_FORMAT")
    if secret:
        assert secret not in answer.text


@pytest.mark.promise("S54")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/v1/files", 405),
        ("TRACE", "/v1/files", 405),
        ("GET", "/v1/files?colour=red", 400),
        ("GET", "/v1/files?page_size=-1", 400),
        ("GET", "/v1/files?page_size=many", 400),
        ("GET", "/v1/files?page_token=%00", 400),
        ("GET", "/v1/files?page_token=garbage", 400),
        ("GET", "/v1/files/UPPER", 400),
        ("GET", "/v1/files/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404),
        ("DELETE", "/v1/jobs/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404),
        ("GET", "/v1/jobs/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404),
        ("GET", "/v1/jobs/aaaaaaaaaaaaaaaaaaaaaaaaaa:watch", 404),
        ("GET", "/v1/jobs/aaaaaaaaaaaaaaaaaaaaaaaaaa/results:download", 404),
        ("GET", "/v1/apiKeys/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404),
        ("POST", "/v1/apiKeys/aaaaaaaaaaaaaaaaaaaaaaaaaa:activate", 404),
        ("GET", "/v1/templates/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404),
    ],
)
def test_every_refusal_has_one_shape(person: Person, method: str, path: str, status: int) -> None:
    answer = person.call(method, path)
    assert answer.status_code == status, answer.text
    assert reason(answer)


BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b'{"email": 5, "password": {}}',
    b'{"email": "\\ud800", "password": "x"}',
    b"\xff\xfe",
    b'{"email": "a@b.example", "password": "' + b"x" * 300 + b'"}',
    b"{" * 5000,
]


@pytest.mark.promise("S54")
@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_not_what_was_asked_for_is_a_400(person: Person, body: bytes) -> None:
    for path in ("/v1/users", "/v1/sessions"):
        answer = person.http.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 401), (path, answer.text)
        assert reason(answer)
