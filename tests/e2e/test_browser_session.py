"""A browser's session through the whole stack: signed in by cookie, used, and forgotten at sign-out."""

import secrets
from collections.abc import Callable
from http.cookies import SimpleCookie

import httpx2
import pytest

from tests.e2e.api import Person, reason, tls
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

NewPerson = Callable[[], Person]
PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.mark.promise("S60")
@pytest.mark.promise("S61")
def test_a_browser_signs_in_works_and_signs_out_without_seeing_a_token(stack: Stack) -> None:
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=PATIENCE_SECONDS) as http:
        email, password = f"{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(16)
        assert http.post("/v1/users", json={"email": email, "password": password}).status_code == 201
        asked = {"email": email, "password": password, "in_cookie": True}
        answer = http.post("/v1/sessions", json=asked, headers=PAGE)
        assert answer.status_code == 201
        assert answer.json()["token"] == ""
        assert answer.headers["cache-control"] == "no-store"
        (header,) = answer.headers.get_list("set-cookie")
        token = SimpleCookie(header)["__Host-smelt"].value
        assert token not in answer.text
        http.cookies.clear()
        kept = {"Cookie": f"__Host-smelt={token}"}

        assert http.get("/v1/users/me", headers=PAGE | kept).json()["email"] == email
        csv = {**kept, "Content-Type": "text/csv"}
        upload = "/v1/files:upload?filename=a.csv"
        stored = http.post(upload, content=b"a,b\n1,2\n", headers=PAGE | csv)
        assert stored.status_code == 201
        # A link on a page, and one that was typed.
        download = f"/v1/{stored.json()['name']}:download"
        for site in ("same-origin", "none"):
            typed = kept | {"Sec-Fetch-Site": site}
            assert http.get(download, headers=typed).content == b"a,b\n1,2\n"
        # What another site could make the browser send.
        for site in ("cross-site", "same-site", "none"):
            foreign = http.post(upload, content=b"a\n1\n", headers=csv | {"Sec-Fetch-Site": site})
            assert (foreign.status_code, reason(foreign)) == (401, "UNAUTHENTICATED")

        gone = http.delete("/v1/sessions/current", headers=PAGE | kept)
        assert gone.status_code == 200
        assert "Max-Age=0" in gone.headers["set-cookie"]
        http.cookies.clear()
        assert http.get("/v1/users/me", headers=PAGE | kept).status_code == 401


def test_the_embedded_stack_offers_its_stand_in_provider_as_a_key(
    stack: Stack, new_person: NewPerson
) -> None:
    person = new_person()
    told = person.ok("GET", "/v1/installation")
    base_url = told["stand_in_provider"]["base_url"]
    key = person.ok("POST", "/v1/apiKeys", {"base_url": base_url, "secret": "try-without-a-key"})
    assert person.ok("POST", f"/v1/{key['name']}:test", {})["result"] == "VALID"
