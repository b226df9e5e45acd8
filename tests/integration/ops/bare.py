"""`smelt-ops` for a cluster without services, in which there is nothing to settle."""

import sys
from typing import Any

from ops.__main__ import main
from ops.aftermath.report import Report
from ops.commands import restoring


async def nothing(*_: Any, **__: Any) -> Report:
    """Settle nothing."""
    return Report({})


if __name__ == "__main__":
    vars(restoring)["settle"] = nothing
    sys.exit(main())
