"""Calls the gateway as any HTTP client would."""

import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from services.common.ids import new_id
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

FINAL = {"COMPLETED", "FAILED", "CANCELLED", "PAUSED"}
PASSWORD = "correct horse battery staple"


def tls(stack: Stack) -> ssl.SSLContext:
    """Trust the stack's authority and nothing else."""
    return ssl.create_default_context(cafile=str(stack.ca_file))


@dataclass
class Person:
    """A person with an account, signed in."""

    http: httpx2.Client
    email: str
    token: str
    keys: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        """Send one request with the session's token."""
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self.http.request(method, path, json=body, headers=headers, **more)

    def ok(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """Send one request that must be answered with 200 or 201; return the JSON."""
        answer = self.call(method, path, body, **more)
        assert answer.status_code in (200, 201), (method, path, answer.status_code, answer.text[:500])
        parsed: dict[str, Any] = answer.json()
        return parsed

    def add_key(self, base_url: str, secret: str = "") -> dict[str, Any]:
        """Store a provider's API key; a random one by default."""
        secret = secret or f"sk-test-{new_id()}{new_id()}"
        self.keys.append(secret)
        return self.ok("POST", "/v1/apiKeys", {"secret": secret, "label": "test", "base_url": base_url})

    def upload(self, content: bytes, filename: str = "leads.csv", **headers: str) -> httpx2.Response:
        """Upload a CSV as the raw body."""
        return self.http.post(
            "/v1/files:upload",
            params={"filename": filename},
            content=content,
            headers={"authorization": f"Bearer {self.token}", "content-type": "text/csv", **headers},
        )

    def file(self, content: bytes, filename: str = "leads.csv") -> dict[str, Any]:
        """Upload a CSV that must be accepted."""
        answer = self.upload(content, filename)
        assert answer.status_code == 201, answer.text
        parsed: dict[str, Any] = answer.json()
        return parsed

    def template(self, prompt: str, output_column: str = "Hook", **more: Any) -> dict[str, Any]:
        """Store a template."""
        body = {
            "display_name": "Test",
            "category": "Cold Outreach",
            "prompt": prompt,
            "output_column": output_column,
        }
        return self.ok("POST", "/v1/templates", body | more)

    def job(
        self, file: Mapping[str, Any], templates: Sequence[Mapping[str, Any]], **more: Any
    ) -> dict[str, Any]:
        """Start a job."""
        body = {"file": file["name"], "templates": [template["name"] for template in templates]}
        return self.ok("POST", "/v1/jobs", body | more)

    def watch(self, job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the whole job each time the server sends it."""
        headers = {"authorization": f"Bearer {self.token}"}
        with self.http.stream(
            "GET", f"/v1/{job['name']}:watch", headers=headers, timeout=PATIENCE_SECONDS
        ) as events:
            assert events.status_code == 200, events.read()
            assert events.headers["content-type"].startswith("text/event-stream")
            for line in events.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    def finished(self, job: Mapping[str, Any], seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait for a job's end or pause by watching it."""
        deadline = time.monotonic() + seconds
        last: dict[str, Any] = {}
        while time.monotonic() < deadline:
            try:
                for last in self.watch(job):
                    if last["state"] in FINAL:
                        return last
            except httpx2.TransportError:
                continue
        raise AssertionError(f"the job did not end in {seconds} s: {last}")

    def results(self, job: Mapping[str, Any]) -> bytes:
        """Download the result CSV and check its length and digest as a client should."""
        answer = self.call("GET", f"/v1/{job['name']}/results:download")
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["content-length"]) == len(answer.content)
        return answer.content


def reason(answer: httpx2.Response) -> str:
    """Return the ErrorInfo reason of an error; fail if the error has another shape."""
    body = answer.json()
    assert set(body) == {"code", "message", "details"}, body
    infos = [d for d in body["details"] if d["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"]
    assert len(infos) == 1, body
    assert infos[0]["domain"] == "smelt"
    return str(infos[0]["reason"])


def register(http: httpx2.Client) -> Person:
    """Create an account and sign in."""
    email = f"person-{new_id()}@example.com"
    made = http.post("/v1/users", json={"email": email, "password": PASSWORD})
    assert made.status_code == 201, made.text
    signed_in = http.post("/v1/sessions", json={"email": email, "password": PASSWORD})
    assert signed_in.status_code == 201, signed_in.text
    return Person(http=http, email=email, token=signed_in.json()["token"])
