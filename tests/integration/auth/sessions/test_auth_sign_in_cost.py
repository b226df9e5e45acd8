"""What a sign-in costs: one code from the vault, and one transaction for what a right password changes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from tests.integration.auth.auth_server import Auth, Replicas, refusal

#: Tables that people's calls touch; of the background loops only two do: the sweep, which begins by deleting,
#: and the postman, which writes mails and the tokens in them.
_TOUCHED = re.compile(r"\b(FROM|INTO|UPDATE|JOIN) (account|attempt|device|session)\b")
_MAIL = re.compile(r"\b(FROM|INTO|UPDATE|JOIN) mail(ed_token)?\b")


@contextmanager
def transactions() -> Iterator[list[list[str]]]:
    """Collect the statements of each committed transaction, those of background loops left out."""
    running: dict[Connection, list[str]] = {}
    committed: list[list[str]] = []

    def executed(connection: Connection, cursor: Any, statement: str, *rest: Any) -> None:
        running.setdefault(connection, []).append(" ".join(statement.split()))

    def ended(connection: Connection) -> None:
        statements = running.pop(connection, [])
        background = statements and (statements[0].startswith("DELETE") or any(map(_MAIL.search, statements)))
        if any(map(_TOUCHED.search, statements)) and not background:
            committed.append(statements)

    event.listen(Engine, "before_cursor_execute", executed)
    event.listen(Engine, "commit", ended)
    try:
        yield committed
    finally:
        event.remove(Engine, "before_cursor_execute", executed)
        event.remove(Engine, "commit", ended)


def begins(statements: list[str], *beginnings: str) -> list[bool]:
    return [any(statement.startswith(beginning) for statement in statements) for beginning in beginnings]


async def test_a_sign_in_asks_the_vault_for_one_code_and_one_signature(auth: Auth) -> None:
    await auth.register("cost@example.com")
    asked = auth.vault.asked
    codes, signatures = asked["Mac"], asked["Sign"]
    await auth.sign_in("cost@example.com")
    assert (asked["Mac"] - codes, asked["Sign"] - signatures) == (1, 1)


async def test_what_a_right_password_changes_is_one_transaction(replicas: Replicas) -> None:
    auth = replicas.first
    await auth.register("one@example.com", client="192.0.2.1")
    assert (await refusal(auth.sign_in("one@example.com", "not the password", client="192.0.2.1")))[0]
    with transactions() as committed:
        await auth.sign_in("one@example.com", client="192.0.2.1")
    # A look at the limits, the attempt itself, the account; then the session and what comes with it. The
    # event for the owner is written later, beside the answer.
    committed = [each for each in committed if not begins(each, "INSERT INTO event")[0]]
    assert len(committed) == 4
    changes = ("INSERT INTO session", "DELETE FROM attempt", "UPDATE attempt", "INSERT INTO device")
    assert [begins(each, *changes) for each in committed] == [[False] * 4] * 3 + [[True] * 4]
    # The pair's attempts are gone, and this one is none of the address's failures.
    lengths = auth.execute("SELECT cardinality(times) FROM attempt WHERE most IN (5, 20, 100) ORDER BY most")
    assert lengths == [(2,), (1,)]


async def test_a_password_under_an_older_pepper_is_stored_anew_with_its_session(replicas: Replicas) -> None:
    auth = replicas.first
    await auth.register("older@example.com")
    auth.vault.peppers["p2"] = b"another pepper"
    auth.vault.pepper_id = "p2"
    with transactions() as committed:
        await auth.sign_in("older@example.com")
    (changing,) = [each for each in committed if begins(each, "UPDATE account")[0]]
    assert begins(changing, "INSERT INTO session") == [True]
    assert auth.execute("SELECT password_pepper_id FROM account") == [("p2",)]
    before = auth.vault.asked["Mac"]
    await auth.sign_in("older@example.com")
    assert auth.vault.asked["Mac"] == before + 1
