"""Keeps objects that no row of the restored database names, until somebody has looked."""

from ops.aftermath.databases import FILES, changed, connected

_HOLD = "INSERT INTO orphan_hold (single, create_time) VALUES (true, now()) ON CONFLICT DO NOTHING"
# What was about to be deleted is kept for a whole window from now: a restore to an earlier moment may follow.
_KEEP = "UPDATE doomed_object SET discard_after = now() + %s WHERE discard_after < now() + %s"


async def settle(main: str, window: object) -> dict[str, int]:
    """Hold the sweep of orphans; return counts. `window` is a timedelta."""
    async with connected(main, FILES) as database:
        return {
            "orphan sweep held": await changed(database, _HOLD),
            "deletes of objects put off": await changed(database, _KEEP, window, window),
        }


async def release(main: str) -> dict[str, int]:
    """Let the sweep look for orphans again; those that it finds are kept for the window from then."""
    async with connected(main, FILES) as database:
        return {"orphan sweep released": await changed(database, "DELETE FROM orphan_hold")}
