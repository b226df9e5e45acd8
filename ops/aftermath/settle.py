"""`settle` works on restored data before services start; `finish` ends it once people have looked.

Each database is settled in one transaction, and each is a step of the state file. Auth's comes last and
leaves the mark without which auth does not serve, so after a settlement that was killed nobody can come in.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from ops.aftermath import auth, files, processor, vault
from ops.aftermath.databases import PROCESSOR, checkpoint, connected, rows
from ops.aftermath.ledger import erased_accounts
from ops.aftermath.report import Report
from ops.errors import OpsError
from ops.state import Json, Steps

_PAUSED = "SELECT count(*) FROM job WHERE state = 'PAUSED' AND pause_reason = 'RESTORED'"


async def settle(
    main_url: str,
    shadow_url: str | None,
    moment: datetime,
    state: Steps,
    *,
    ledger: Path | None = None,
    window: timedelta,
) -> Report:
    """Bury in the recovered cluster what died after `moment`, as the shadow and the ledger tell.

    Without a shadow more ends than must. A cluster whose history was settled before is left alone: its owners
    may have resumed jobs since. Raises OpsError.
    """
    await checkpoint(main_url)
    if await auth.is_settled(main_url):
        return Report({"settled before": 1})
    erased = erased_accounts(ledger)

    async def in_auth() -> Json:
        return dict(await auth.settle(main_url, shadow_url, moment, erased=erased))

    counts = {
        **await _step(state, "settle-vault", lambda: vault.settle(main_url, shadow_url)),
        **await _step(state, "settle-processor", lambda: processor.settle(main_url, shadow_url)),
        **await _step(state, "settle-files", lambda: files.settle(main_url, window)),
        **_counts(await state.once("settle-auth", in_auth)),
    }
    return Report(counts)


async def finish(main_url: str, state: Steps, *, window: timedelta) -> Report:
    """Let go of what `settle` held; raise OpsError for a cluster that was not settled.

    Objects that no row names are kept for the window from when the sweep finds them.
    """
    if not await auth.is_settled(main_url):
        raise OpsError(
            "This cluster was not settled since it was restored: run `smelt-ops restore` first. "
            "Nothing was changed"
        )
    counts = await _step(state, "finish-files", lambda: files.release(main_url))
    async with connected(main_url, PROCESSOR) as database:
        ((paused,),) = await rows(database, _PAUSED)
    return Report(counts | {"jobs that wait for their owners": int(paused)})


async def _step(state: Steps, name: str, action: Callable[[], Awaitable[dict[str, int]]]) -> dict[str, int]:
    async def done() -> Json:
        return dict(await action())

    return _counts(await state.once(name, done))


def _counts(said: Json) -> dict[str, int]:
    assert isinstance(said, dict)
    return {name: count for name, count in said.items() if isinstance(count, int)}
