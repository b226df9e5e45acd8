"""`settle` works on restored data before services start; `finish` ends it once people have looked."""

from datetime import datetime, timedelta
from pathlib import Path

from ops.aftermath.report import Report
from ops.state import Steps


async def settle(
    main_url: str,
    shadow_url: str | None,
    moment: datetime,
    state: Steps,
    *,
    ledger: Path | None = None,
    window: timedelta,
) -> Report:
    """Bury in the recovered cluster what died after `moment`, as the shadow and the ledger tell."""
    return Report({})


async def finish(main_url: str, state: Steps, *, window: timedelta) -> Report:
    """Let go of what `settle` held."""
    return Report({})
