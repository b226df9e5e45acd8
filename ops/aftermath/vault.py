"""Buries in the vault's database API keys that were deleted or suspended after the moment.

The vault's own replay destroys what its ledger names, with a shadow or without; this only leaves fewer rows
until then.
"""

from ops.aftermath.databases import VAULT, changed, connected, known, rows

_GONE = """
DELETE FROM api_keys k
WHERE NOT EXISTS (SELECT FROM later_key l WHERE l.account = k.account AND l.id = k.id)
"""
_SUSPENDED = """
UPDATE api_keys k SET active = false FROM later_key l
WHERE l.account = k.account AND l.id = k.id AND k.active AND NOT l.active
"""


async def settle(main: str, shadow: str | None) -> dict[str, int]:
    """Remove what the shadow no longer has; without one, nothing needs to be done here."""
    if shadow is None:
        return {}
    async with connected(shadow, VAULT) as database:
        later = await rows(database, "SELECT account, id, active FROM api_keys")
    async with connected(main, VAULT) as database:
        await known(database, "later_key", "account text, id text, active bool", later)
        return {
            "API keys removed": await changed(database, _GONE),
            "API keys no longer active": await changed(database, _SUSPENDED),
        }
