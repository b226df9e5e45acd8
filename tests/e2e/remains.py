"""What is left of an account anywhere in a stack: by the lists of personal data."""

import time
from collections.abc import Sequence

import psycopg

from services.auth.privacy import tables as auth
from services.common.privacy import PersonalTable
from services.files.privacy import tables as files
from services.processor.privacy import tables as processor
from services.vault.privacy import tables as vault
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

LISTS: dict[str, Sequence[PersonalTable]] = {
    "auth": auth.TABLES,
    "vault": vault.DATABASE,
    "keystore": vault.KEY_STORE,
    "files": files.TABLES,
    "processor": processor.TABLES,
}


def connect(stack: Stack, service: str) -> psycopg.Connection:
    """Connect to a service's database as the service does."""
    url = (stack.state_dir / "secrets" / f"{service}-database.url").read_text().strip()
    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1), autocommit=True)


def remains(stack: Stack, account: str, *, kept: bool = False) -> dict[str, int]:
    """Return the number of an account's rows by table; with `kept`, those that are kept on purpose."""
    found: dict[str, int] = {}
    for service, lists in LISTS.items():
        with connect(stack, service) as connection:
            for table in lists:
                if table.account_rows and bool(table.not_erased) == kept:
                    picked = table.account_rows.replace(":account", "%(account)s")
                    query = f"SELECT count(*) FROM {table.name} WHERE {picked}".encode()
                    row = connection.execute(query, {"account": account}).fetchone()
                    assert row is not None
                    if row[0]:
                        found[f"{service}.{table.name}"] = row[0]
    return found


def passes(stack: Stack, account: str) -> int | None:
    """Return how many passes have removed the account's data; None without a tombstone."""
    with connect(stack, "auth") as connection:
        row = connection.execute("SELECT passes FROM erasure WHERE account = %s", (account,)).fetchone()
    return None if row is None else int(row[0])


def wait_erased(stack: Stack, account: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until the account's data was removed once; the removal is recorded last."""
    deadline = time.monotonic() + seconds
    while not passes(stack, account):
        assert time.monotonic() < deadline, (passes(stack, account), remains(stack, account))
        time.sleep(0.05)


def pass_again(stack: Stack, account: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Run the second pass now, not after an hour, until it has removed what was still being written."""
    deadline = time.monotonic() + seconds
    while True:
        with connect(stack, "auth") as connection:
            connection.execute(
                "UPDATE erasure SET passes = 1, next_time = clock_timestamp() WHERE account = %s", (account,)
            )
        while (passes(stack, account) or 0) < 2:
            assert time.monotonic() < deadline, (passes(stack, account), remains(stack, account))
            time.sleep(0.05)
        if not remains(stack, account) or time.monotonic() > deadline:
            return
