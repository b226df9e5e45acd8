"""Buries in auth's database what ended after the moment: people, sessions, tokens, passwords.

Statements name auth's tables, which this program knows beside auth itself; a test runs them on auth's schema.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ops.aftermath.databases import AUTH, Connection, changed, connected, known, rows

HISTORY = """
SELECT s.system_identifier || '/' || c.timeline_id || '/' || d.oid
FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()
"""
_IS_SETTLED = f"SELECT EXISTS (SELECT FROM restoration WHERE history = ({HISTORY}))"  # noqa: S608 -- of a constant
_SETTLED = f"""
INSERT INTO restoration (single, history, settlement, moment, settle_time)
VALUES (true, ({HISTORY}), %s, %s, now())
ON CONFLICT (single) DO UPDATE SET history = excluded.history, settlement = excluded.settlement,
    moment = excluded.moment, settle_time = excluded.settle_time
"""  # noqa: S608 -- of a constant
# The tombstone has every service remove again what it holds.
_BURY = """
WITH dead AS (DELETE FROM account WHERE id IN (SELECT id FROM dead_account) RETURNING id)
INSERT INTO erasure (account, fence, tries, passes, next_time) SELECT id, 0, 0, 0, now() FROM dead
ON CONFLICT (account) DO UPDATE SET tries = 0, passes = 0, next_time = now()
"""
_END_SESSIONS = "UPDATE session SET end_time = now(), end_reason = 'restored' WHERE end_time IS NULL"
# A hash of random bytes that were not kept; an empty pepper id means the current one.
_VOID = """
UPDATE account SET password_scheme = 'bcrypt12-hmac-sha384', password_pepper_id = '',
    password_hash = '$2b$12$hH3X1U3G3hky.0aSRcpQWeGUAVym3ehUhMT5680GjRLHhrN7YLuWy',
    password_generation = greatest(password_generation, {later}) + 1
"""
_VOID_ALL = _VOID.format(later="password_generation")
_VOID_CHANGED = (
    _VOID.format(later="later.generation")
    + """
FROM later_account later WHERE later.id = account.id AND later.generation > account.password_generation
"""
)
# What other services have was suspended when the password was reset or the address proved, and lives again.
_SUSPEND_CHANGED = """
INSERT INTO suspension (account, generation, mail, fence, tries, next_time)
SELECT account.id, greatest(account.password_generation, later.generation) + 1, '', 0, 0, now()
FROM account JOIN later_account later ON later.id = account.id
WHERE later.generation > account.password_generation
ON CONFLICT (account) DO UPDATE SET generation = excluded.generation, mail = '', tries = 0, next_time = now(),
    fence = suspension.fence + 1
"""
_CLOSE = """
UPDATE account SET state = 'disabled' FROM later_account later
WHERE later.id = account.id AND later.state = 'disabled' AND account.state <> 'disabled'
"""


@dataclass(frozen=True, slots=True)
class Later:
    """What auth's database knew at the archive's end."""

    #: Account, password generation, state.
    accounts: Sequence[tuple[str, int, str]]
    tokens: Sequence[tuple[str]]

    @classmethod
    async def of(cls, shadow: str) -> "Later":
        """Read it."""
        async with connected(shadow, AUTH) as database:
            accounts = await rows(database, "SELECT id, password_generation, state FROM account")
            tokens = await rows(database, "SELECT id FROM access_token")
        return cls([(id_, number, state) for id_, number, state in accounts], [(id_,) for (id_,) in tokens])


async def is_settled(main: str) -> bool:
    """Tell whether this history was settled before: then people may have been let in since."""
    async with connected(main, AUTH) as database:
        ((settled,),) = await rows(database, _IS_SETTLED)
    return bool(settled)


async def settle(main: str, shadow: str | None, moment: datetime, *, erased: Sequence[str]) -> dict[str, int]:
    """Bury everything in one transaction, which says at its end that it was done; return counts."""
    later = await Later.of(shadow) if shadow else None
    counts: dict[str, int] = {}
    async with connected(main, AUTH) as database:
        await known(database, "dead_account", "id text", [(account,) for account in erased])
        if later:
            await known(database, "later_account", "id text, generation int, state text", later.accounts)
            await known(database, "later_token", "id text", later.tokens)
            await database.execute(
                "INSERT INTO dead_account SELECT id FROM account"
                " WHERE NOT EXISTS (SELECT FROM later_account l WHERE l.id = account.id)"
            )
        counts["accounts buried"] = await changed(database, _BURY)
        counts["sessions ended"] = await changed(database, _END_SESSIONS)
        counts["devices forgotten"] = await changed(database, "DELETE FROM device")
        counts["links in mails ended"] = await changed(database, "DELETE FROM mailed_token")
        counts["waiting mails dropped"] = await changed(database, "DELETE FROM mail")
        counts |= await _passwords_and_tokens(database, knows_later=later is not None)
        await changed(database, _SETTLED, secrets.token_hex(16), moment)
    return counts


async def _passwords_and_tokens(database: Connection, *, knows_later: bool) -> dict[str, int]:
    if not knows_later:
        return {
            "access tokens ended": await changed(database, "DELETE FROM access_token"),
            "passwords void": await changed(database, _VOID_ALL),
        }
    gone = "DELETE FROM access_token t WHERE NOT EXISTS (SELECT FROM later_token l WHERE l.id = t.id)"
    return {
        "access tokens ended": await changed(database, gone),
        # Before the passwords: it compares the generations as they were.
        "accounts suspended": await changed(database, _SUSPEND_CHANGED),
        "passwords void": await changed(database, _VOID_CHANGED),
        "accounts closed": await changed(database, _CLOSE),
    }
