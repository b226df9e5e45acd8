"""The sweep: after a key has been stored and used, its plaintext lies nowhere. With a planted control."""

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.common.ids import new_id
from tests.e2e.api import PASSWORD, Person
from tests.support.provider import Provider
from tests.support.stack import Stack


def spellings(secret: str) -> dict[str, bytes]:
    """Return a secret as it could lie around: raw, base64 at each alignment, hex, escaped."""
    raw = secret.encode()
    forms = {
        "raw": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "url": urllib.parse.quote(secret, safe="").encode(),
        "json": json.dumps(secret).strip('"').encode(),
        "utf-16": secret.encode("utf-16-le"),
    }
    for shift in range(3):
        # The characters at the edges depend on the neighbours; those between do not.
        encoded = base64.b64encode(b"\0" * shift + raw)
        forms[f"base64+{shift}"] = encoded[4 if shift else 0 : -4]
        forms[f"base64url+{shift}"] = base64.urlsafe_b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]
    return forms


def findings(stack: Stack, secret: str) -> Iterator[str]:
    """Yield every place under the state directory, and every process's start values, that hold the secret."""
    needles = spellings(secret)
    places = [path for path in stack.state_dir.rglob("*") if path.is_file() and not path.is_symlink()]
    for pid in stack.pids.values():
        places += [Path(f"/proc/{pid}/environ"), Path(f"/proc/{pid}/cmdline")]
    assert len(places) > 100
    for place in places:
        try:
            content = place.read_bytes()
        except OSError:
            continue
        for form, needle in needles.items():
            if needle in content:
                yield f"{place} ({form})"


@pytest.mark.promise("S01")
def test_a_stored_key_lies_nowhere(
    new_person: Callable[[], Person], provider: Provider, stack: Stack
) -> None:
    person = new_person()
    canary = f"sk-canary-{new_id()}{new_id()}"
    planted = f"planted{new_id()}{new_id()}"
    provider.script({"action": "status", "status": 400, "echo_key": "full", "contains": "row 3"})
    person.add_key(provider.base_url, canary)
    job = person.job(
        person.file(b"n\n" + b"".join(b"row %d\n" % n for n in range(20))),
        # Prompts are stored plain, so this is what the sweep must find.
        [person.template(f"Say {{{{n}}}} {planted}")],
    )
    assert person.finished(job)["request_counts"]["failed"] == 1
    rows = person.call("GET", f"/v1/{job['name']}/rows").text
    assert canary not in rows
    assert canary not in person.results(job).decode()
    assert list(findings(stack, planted)), "the sweep is blind"
    assert list(findings(stack, canary)) == []


@pytest.mark.promise("S20")
def test_a_password_lies_nowhere(new_person: Callable[[], Person], stack: Stack) -> None:
    new_person()
    assert list(findings(stack, PASSWORD)) == []


@pytest.mark.promise("S32")
def test_rows_of_a_file_lie_nowhere(
    new_person: Callable[[], Person], provider: Provider, stack: Stack
) -> None:
    person = new_person()
    cell = f"cell{new_id()}{new_id()}"
    person.add_key(provider.base_url)
    job = person.job(person.file(f"n\n{cell}\n".encode()), [person.template("Repeat {{n}}")])
    person.finished(job)
    assert cell in person.results(job).decode()
    assert list(findings(stack, cell)) == []
