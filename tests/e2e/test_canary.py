"""The sweep: once an API key was stored and used, its plaintext is nowhere. A planted control is found."""

import base64
import json
import subprocess
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from deploy.local.binaries import postgres_directory
from deploy.local.postgres import Cluster
from services.common.ids import new_id
from tests.e2e.api import PASSWORD, Person, reason
from tests.support.provider import Provider
from tests.support.stack import Stack
from tests.support.workbooks import grid


def spellings(secret: str) -> dict[str, bytes]:
    """Return the forms in which a secret could be found: raw, base64 at each alignment, hex, escaped."""
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
        # The characters at the edges depend on neighbouring bytes; those between do not.
        encoded = base64.b64encode(b"\0" * shift + raw)
        forms[f"base64+{shift}"] = encoded[4 if shift else 0 : -4]
        forms[f"base64url+{shift}"] = base64.urlsafe_b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]
    return forms


def files_of(stack: Stack) -> list[Path]:
    """Every file under the state directory: both clusters, WAL, objects, logs, ledger, stack.json. Only the
    copy of Python's own library is left out."""
    return [
        path
        for place in stack.state_dir.iterdir()
        if place.name != "runtime"
        for path in (place, *place.rglob("*"))
        if path.is_file() and not path.is_symlink()
    ]


def start_values(stack: Stack) -> list[Path]:
    """Environment and arguments of every process of the stack, children and launcher too."""
    pids = {*stack.pids.values(), int((stack.state_dir / "launcher.lock").read_text())}
    return [Path(f"/proc/{pid}/{what}") for pid in sorted(pids) for what in ("environ", "cmdline")]


def written_out(stack: Stack) -> None:
    """Make both clusters write their memory to their data files."""
    secrets = stack.state_dir / "secrets"
    for cluster, database in (("postgres", "vault"), ("keystore", "keystore")):
        port = urllib.parse.urlsplit((secrets / f"{database}-database.url").read_text()).port or 0
        server = Cluster(cluster, port, (), stack.state_dir, secrets, Path(), None)
        with server.connect() as connection:
            connection.execute("CHECKPOINT")


def dumps(stack: Stack, folder: Path) -> list[Path]:
    """Return what backups would contain: a dump of each database, and of Valkey's memory."""
    written = []
    for url_file in sorted((stack.state_dir / "secrets").glob("*.url")):
        url = url_file.read_text().strip()
        path = folder / f"{url_file.stem}.dump"
        if url.startswith("postgresql"):
            # Inserts, so that columns of bytes are dumped as hexadecimal rather than compressed.
            address = url.replace("postgresql+psycopg://", "postgresql://", 1)
            program = [str(postgres_directory() / "pg_dump"), "--inserts", "--no-password"]
            said = subprocess.run(program, env=connection_of(address), capture_output=True)
            assert said.returncode == 0, (url_file.name, said.stderr)
            path.write_bytes(said.stdout)
        else:
            with redis.Redis.from_url(url) as valkey:
                path.write_bytes(b"".join(key + b"\0" + value_of(valkey, key) for key in valkey.scan_iter()))
        written.append(path)
    return written


def connection_of(address: str) -> dict[str, str]:
    """Return a database's address as environment variables, so that no password is in the arguments."""
    parts = urllib.parse.urlsplit(address)
    return {
        "PGHOST": str(parts.hostname),
        "PGPORT": str(parts.port),
        "PGUSER": str(parts.username),
        "PGPASSWORD": urllib.parse.unquote(str(parts.password)),
        "PGDATABASE": parts.path.strip("/"),
    }


def value_of(valkey: Any, key: bytes) -> bytes:
    """Return a value as the server would write it to a dump."""
    return valkey.dump(key) or b""


def findings(places: Iterable[Path], secret: str) -> Iterator[str]:
    """Yield every place that holds the secret in any spelling."""
    needles = spellings(secret)
    for place in places:
        try:
            content = place.read_bytes()
        except OSError:
            continue
        for form, needle in needles.items():
            if needle in content:
                yield f"{place} ({form})"


def places_of(stack: Stack, folder: Path) -> dict[str, list[Path]]:
    """Every place of each kind."""
    return {
        "files": files_of(stack),
        "start values": start_values(stack),
        "dumps": dumps(stack, folder),
    }


@pytest.mark.promise("S01")
def test_a_stored_key_lies_nowhere(
    new_person: Callable[[], Person], provider: Provider, stack: Stack, tmp_path: Path
) -> None:
    person = new_person()
    canary = f"sk-canary-{new_id()}{new_id()}"
    planted = f"planted{new_id()}{new_id()}"
    provider.script({"action": "status", "status": 400, "echo_key": "full", "contains": "row 3"})
    # A label is stored in plaintext in the vault's database, and a prompt in the processor's.
    key = person.add_key(provider.base_url, canary)
    person.ok("POST", "/v1/apiKeys", {
        "secret": f"sk-other-{new_id()}", "label": planted, "base_url": provider.base_url})  # fmt: skip
    person.call("POST", f"/v1/{key['name']}:activate")
    job = person.job(
        person.file(b"n\n" + b"".join(b"row %d\n" % n for n in range(20))),
        # Prompts are stored in plaintext, so the sweep must find this one.
        [person.template(f"Say {{{{n}}}} {planted}")],
    )
    assert person.finished(job)["request_counts"]["failed"] == 1
    rows = person.call("GET", f"/v1/{job['name']}/rows").text
    assert canary not in rows
    assert canary not in person.results(job).decode()
    assert canary not in person.call("GET", f"/v1/{key['name']}/uses").text
    written_out(stack)
    places = places_of(stack, tmp_path)
    assert len(places["files"]) > 100
    # Controls, one for each kind of place: what is known to be there must be found there.
    assert set(where_planted(stack, places, planted)) == {
        "postgres data", "write-ahead log", "dump of vault", "dump of processor", "log", "environment",
        "arguments", "valkey", "bucket", "ledger", "stack.json", "key store",
    }  # fmt: skip
    for kind, each in places.items():
        assert list(findings(each, canary)) == [], kind


def where_planted(stack: Stack, places: dict[str, list[Path]], planted: str) -> Iterator[str]:
    """Yield the kinds of places where the planted control is found."""

    def found(paths: Iterable[Path], text: str) -> bool:
        return any(findings(paths, text))

    files, state = places["files"], stack.state_dir
    installation = json.loads(
        (state / "vault" / "ledger" / "checkpoints-0.jsonl").read_text().split("\n")[0]
    )["installation"]

    def below(*parts: str) -> list[Path]:
        return [path for path in files if path.is_relative_to(state.joinpath(*parts))]

    if found([path for path in below("postgres") if "pg_wal" not in path.parts], planted):
        yield "postgres data"
    if found([path for path in below("postgres") if "pg_wal" in path.parts], planted):
        yield "write-ahead log"
    for name in ("vault", "processor"):
        if found([path for path in places["dumps"] if path.stem.startswith(name)], planted):
            yield f"dump of {name}"
    if found([path for path in places["dumps"] if path.stem.startswith("keystore")], installation):
        yield "key store"
    if found(below("logs"), installation):
        yield "log"
    if found(below("vault", "ledger"), installation):
        yield "ledger"
    if found([state / "stack.json"], stack.gateway_url):
        yield "stack.json"
    if found(below("s3"), "SML"):
        yield "bucket"
    if found([path for path in places["dumps"] if path.stem == "redis"], "smelt"):
        yield "valkey"
    if found([path for path in places["start values"] if path.name == "environ"], "SMELT_DATABASE_URL_FILE"):
        yield "environment"
    if found([path for path in places["start values"] if path.name == "cmdline"], "services.vault"):
        yield "arguments"


@pytest.mark.promise("S20")
def test_a_password_lies_nowhere(new_person: Callable[[], Person], stack: Stack) -> None:
    new_person()
    assert list(findings([*files_of(stack), *start_values(stack)], PASSWORD)) == []


@pytest.mark.promise("S32")
def test_rows_of_a_file_lie_nowhere(
    new_person: Callable[[], Person], provider: Provider, stack: Stack
) -> None:
    person = new_person()
    cell, inside = (f"cell{new_id()}{new_id()}" for _ in range(2))
    person.add_key(provider.base_url)
    template = person.template("Repeat {{n}}")
    # Of a workbook, the table that its sheet becomes is stored too; a refused one is kept for a while.
    for file in (person.file(f"n\n{cell}\n".encode()), person.file(grid(("n",), (inside,)), "a.xlsx")):
        job = person.job(file, [template])
        person.finished(job)
        results = person.results(job).decode()
        assert cell in results or inside in results
    assert reason(person.upload(grid(("n", "n"), (inside, inside)), "a.xlsx")) == "FILE_MALFORMED"
    places = [*files_of(stack), *start_values(stack)]
    for planted in (cell, inside):
        assert list(findings(places, planted)) == []
