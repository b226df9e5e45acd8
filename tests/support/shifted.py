"""`python -m tests.support.shifted MODULE ...`: a program of ours whose clock is SHIFT_SECONDS ahead."""

import datetime
import os
import runpy
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


def _time() -> float:
    # gRPC makes deadlines of it, which its core compares with the machine's clock: that one is not shifted.
    if sys._getframe(1).f_globals.get("__name__", "").startswith("grpc"):
        return _right_time()
    return _right_time() + _SHIFT.total_seconds()


if __name__ == "__main__":
    # Set before any of our modules is imported, so that all of them see this clock.
    datetime.datetime = _Shifted  # type: ignore[misc]
    time.time = _time
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
