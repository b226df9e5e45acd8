"""Every bound that ends in a refusal is held: for an account's last place, of three requests one is let in.

The account is filled with copies of one real row, because a thousand requests would take minutes.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg
import pytest

from services.auth.limits.limits import key_of
from services.auth.sessions.sessions import MOST_KEPT
from tests.e2e.api import PASSWORD, Person, reason
from tests.e2e.remains import connect
from tests.support.account_bounds import table
from tests.support.stack import Stack

pytestmark = pytest.mark.promise("S43")
AT_ONCE = 3
#: Bounds that other tests hold, each with the test.
ELSEWHERE = {
    "rows of a job": "test_uploads.py",
    "rows of a file": "test_uploads.py",
    "parses of a file": "test_reparses.py",
    "uses: new grants in a minute": "test_vault_replicas.py",
    "mailed links of a kind": "test_auth_recovery.py",
    "Idempotency-Keys of a day in the vault": "test_idempotency.py",
    "short calls at a replica": "test_shares.py",
    "streams at a replica": "test_account_shares.py",
    "tests of templates at a replica": "test_account_shares.py",
    "tests of API keys at a replica": "test_account_shares.py",
    "uploads and reparses at a replica, with `SMELT_UPLOADS_AT_ONCE` as it is": "test_account_shares.py",
}
BOUNDS = {line.what: line for line in table() if line.reason}
NEW_ID = "replace(gen_random_uuid()::text, '-', '')"


@dataclass(slots=True)
class World:
    """An account with one of each."""

    stack: Stack
    person: Person
    account: str
    file: str
    template: str
    job: str
    webhook: str

    def execute(self, service: str, query: str, **about: object) -> psycopg.Cursor:
        with connect(self.stack, service) as connection:
            return connection.execute(query.encode(), {"account": self.account, **about})

    def copy(self, service: str, name: str, count: int, **changed: str) -> None:
        """Copy a row of the account in a table that many times, with other expressions in some columns."""
        found = self.execute(
            service,
            "SELECT column_name FROM information_schema.columns WHERE table_name = %(name)s",
            name=name,
        )
        columns = [column for (column,) in found.fetchall()]
        picked = ", ".join(changed.get(column, f"base.{column}") for column in columns)
        self.execute(
            service,
            f"INSERT INTO {name} ({', '.join(columns)}) SELECT {picked}"
            f" FROM (SELECT * FROM {name} WHERE account = %(account)s LIMIT 1) AS base,"
            f" generate_series(1, %(count)s) AS n",
            count=count,
        )

    def post(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return self.person.call("POST", f"/v1/{path}", body or {}, headers=headers)


def a_template(number: int) -> dict[str, str]:
    return {"display_name": "x", "category": "x", "prompt": "x {{n}}", "output_column": f"o{number}"}


def a_job(world: World) -> dict[str, Any]:
    return {"file": world.file, "templates": [world.template]}


def an_upload(world: World) -> httpx2.Response:
    return world.person.upload(b"n\n1\n")


def a_download(world: World) -> httpx2.Response:
    return world.person.call("GET", f"/v1/{world.job}/results:download", params={"byte_order_mark": "true"})


@dataclass(frozen=True, slots=True)
class Case:
    """How to fill a bound up to a number of free places, and the request for one more."""

    fill: Callable[[World, int], None]
    ask: Callable[[World, int], httpx2.Response]
    #: Places that are left; without any, every request is refused.
    free: int = 1


def copies(service: str, name: str, there: int = 1, **changed: str) -> Callable[[World, int], None]:
    """Return what fills a table that has some rows of the account already."""
    return lambda world, count: world.copy(service, name, count - there, **changed)


def attempts(world: World, count: int) -> None:
    world.execute(
        "auth",
        "INSERT INTO attempt (key, most, period, times)"
        " VALUES (%(key)s, %(count)s, interval '1 day', array_fill(clock_timestamp(), ARRAY[%(count)s]))"
        " ON CONFLICT (key) DO UPDATE SET times = excluded.times",
        key=key_of("access token", world.account),
        count=count,
    )


def objects(world: World, count: int) -> None:
    world.execute(
        "keystore",
        "INSERT INTO objects (account, object, generation, deleted)"
        " SELECT %(account)s, 'apiKeys/gone' || n, 1, true FROM generate_series(1, %(count)s) AS n",
        count=count,
    )


def exports(world: World, count: int) -> None:
    world.execute(
        "auth",
        "INSERT INTO data_export (id, account, state, create_time, end_time, fence, tries)"
        f" SELECT {NEW_ID}, %(account)s, 'failed', now(), now(), 1, 1 FROM generate_series(1, %(count)s)",
        count=count,
    )


def deliveries(world: World, count: int) -> None:
    world.execute(
        "processor",
        "INSERT INTO webhook_delivery (id, account, webhook, event, create_time, state, next_attempt_time)"
        f" SELECT {NEW_ID}, %(account)s, %(webhook)s, 'test', now(), 'PENDING', now() + interval '1 day'"
        " FROM generate_series(1, %(count)s)",
        count=count,
        webhook=world.webhook.removeprefix("webhooks/"),
    )


def idempotency_keys(world: World, count: int) -> None:
    world.execute(
        "processor",
        "INSERT INTO idempotency (account, method, key, digest, resource, create_time)"
        " SELECT %(account)s, 'CreateJob', 'key ' || n, '', 'x', now()"
        " FROM generate_series(1, %(count)s) AS n",
        count=count,
    )


def a_token(world: World, number: int) -> httpx2.Response:
    return world.post("accessTokens", {"display_name": f"t{number}", "scopes": ["read"]})


def an_api_key(world: World, number: int) -> httpx2.Response:
    secret = f"sk-one-too-many-{number}-0123456789"
    return world.post("apiKeys", {"secret": secret, "label": "x", "base_url": world.stack.provider_url})


DIGEST = "decode(md5(random()::text) || md5(random()::text), 'hex')"
CASES: dict[str, Case] = {
    "templates": Case(
        copies("processor", "template", id=NEW_ID), lambda world, n: world.post("templates", a_template(n))
    ),
    "variables": Case(
        copies("processor", "variable", id=NEW_ID, key="'v' || n", folded="'v' || n"),
        lambda world, n: world.post("variables", {"display_name": f"more{n}", "value": "x"}),
    ),
    "webhooks": Case(
        copies("processor", "webhook", id=NEW_ID),
        lambda world, _: world.post("webhooks", {"url": "https://receiver.invalid/smelt"}),
    ),
    # The account's own job has ended.
    "jobs that have not ended": Case(
        copies("processor", "job", 0, id=NEW_ID, state="'PAUSED'"),
        lambda world, _: world.post("jobs", a_job(world)),
    ),
    "jobs": Case(
        copies("processor", "job", id=NEW_ID), lambda world, _: world.post("jobs", a_job(world))
    ),
    "deliveries of a webhook that wait": Case(
        deliveries, lambda world, _: world.post(f"{world.webhook}:test"), free=0
    ),
    "files": Case(copies("files", "file", id=NEW_ID, object_key=NEW_ID), lambda world, _: an_upload(world)),
    "result files that were made for a download": Case(
        copies("files", "result", 0, variant=NEW_ID, object_key=NEW_ID, temporary="true"),
        lambda world, _: a_download(world),
        free=0,
    ),
    "dataExports of a day": Case(exports, lambda world, _: world.post("dataExports"), free=0),
    "apiKeys": Case(copies("vault", "api_keys", id=NEW_ID, active="false"), an_api_key),
    "apiKeys that were ever stored": Case(objects, an_api_key, free=0),
    "accessTokens": Case(copies("auth", "access_token", id=NEW_ID, digest=DIGEST), a_token),
    "accessTokens that are made in a day": Case(attempts, a_token, free=0),
    "Idempotency-Keys of a day": Case(
        idempotency_keys,
        lambda world, n: world.post(
            "variables", {"display_name": f"once{n}", "value": "x"}, **{"Idempotency-Key": f"one more {n}"}
        ),
        free=0,
    ),
}  # fmt: skip


def test_every_bound_with_a_reason_is_tried() -> None:
    assert CASES.keys().isdisjoint(ELSEWHERE)
    assert CASES.keys() | ELSEWHERE.keys() == BOUNDS.keys()


@pytest.fixture(scope="module")
def world(stack: Stack, new_person: Callable[[], Person]) -> World:
    person = new_person()
    with connect(stack, "auth") as auth:
        row = auth.execute("SELECT id FROM account WHERE email = %s", (person.email,)).fetchone()
    assert row is not None
    return World(stack, person, str(row[0]), "", "", "", "")


def prepare(world: World, what: str) -> None:
    """Make the one row that is copied, and what the request for one more needs."""
    person = world.person
    if what in ("templates", "jobs", "jobs that have not ended") or what.startswith("result"):
        world.template = person.template("Say {{n}}")["name"]
    if what in ("files", "jobs", "jobs that have not ended") or what.startswith("result"):
        world.file = person.file(b"n\n1\n")["name"]
    if what.startswith(("jobs", "result")):
        person.add_key(world.stack.provider_url)
        job = person.job({"name": world.file}, [{"name": world.template}])
        assert person.finished(job)["state"] == "COMPLETED"
        world.job = job["name"]
    if what == "variables":
        person.ok("POST", "/v1/variables", {"display_name": "first", "value": "x"})
    if "webhook" in what:
        world.webhook = person.ok("POST", "/v1/webhooks", {"url": "https://receiver.invalid/smelt"})["name"]
    if what == "accessTokens":
        assert a_token(world, 0).status_code == 201
    if what == "apiKeys":
        # The first one is active, and no copy of it may be.
        person.add_key(world.stack.provider_url)


@pytest.mark.parametrize("what", sorted(CASES))
def test_at_the_last_place_one_of_three_is_let_in(world: World, what: str) -> None:
    case, bound = CASES[what], BOUNDS[what]
    prepare(world, what)
    case.fill(world, int(bound.most) - case.free)
    try:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(lambda number: case.ask(world, number), range(AT_ONCE)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert [answer.status_code for answer in answers if answer not in refused] == [201] * case.free
        assert {reason(answer) for answer in refused} == {bound.reason}
    finally:
        empty(world)


def empty(world: World) -> None:
    """Remove the copies, so that nobody has to work through them."""
    for service, names in (
        ("processor", ("webhook_delivery", "idempotency", "job", "template", "variable", "webhook")),
        ("files", ("result", "file")),
        ("vault", ("api_keys",)),
        ("auth", ("access_token", "data_export")),
    ):
        for name in names:
            world.execute(service, f"DELETE FROM {name} WHERE account = %(account)s")
    world.execute(
        "keystore", "DELETE FROM objects WHERE account = %(account)s AND object LIKE 'apiKeys/gone%%'"
    )
    world.execute(
        "auth", "DELETE FROM attempt WHERE key = %(key)s", key=key_of("access token", world.account)
    )


def test_a_sign_in_beyond_the_number_ends_the_session_that_was_unused_for_longest(world: World) -> None:
    world.copy("auth", "session", MOST_KEPT - 1, id=NEW_ID, last_used_time="now() - interval '1 hour'")
    world.copy("auth", "session", 1, id="'oldest' || substr(md5(random()::text), 1, 20)",
               last_used_time="now() - interval '2 hours'")  # fmt: skip
    signed_in = world.person.http.post(
        "/v1/sessions", json={"email": world.person.email, "password": PASSWORD}
    )
    assert signed_in.status_code == 201
    open_now = "SELECT count(*) FROM session WHERE account = %(account)s AND end_time IS NULL"
    assert world.execute("auth", open_now).fetchone() == (MOST_KEPT,)
    ended = "SELECT end_reason FROM session WHERE account = %(account)s AND id LIKE 'oldest%%'"
    assert world.execute("auth", ended).fetchall() == [("too many",)]
    # The person's own session and the new one go on.
    assert world.person.call("GET", "/v1/users/me").status_code == 200
    newer = Person(world.person.http, world.person.email, signed_in.json()["token"])
    assert newer.call("GET", "/v1/users/me").status_code == 200
