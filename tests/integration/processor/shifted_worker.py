"""`python -m tests.integration.processor.shifted_worker`: a worker whose clock is SHIFT_SECONDS off."""

import datetime
import os
import sys
import time
from typing import Self

_SHIFT = datetime.timedelta(seconds=float(os.environ["SHIFT_SECONDS"]))
_right_time = time.time


class _Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Self:
        return super().now(tz) + _SHIFT

    @classmethod
    def utcnow(cls) -> Self:
        return super().now(datetime.UTC).replace(tzinfo=None) + _SHIFT


if __name__ == "__main__":
    # Set before any of our modules is imported, so that all of them see this clock.
    datetime.datetime = _Shifted  # type: ignore[misc]
    time.time = lambda: _right_time() + _SHIFT.total_seconds()
    from services.processor.__main__ import main

    sys.exit(main(sys.argv[1:]))
