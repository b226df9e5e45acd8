"""Keeps the process's memory private: no core dumps, and no tracing by other processes of the same user."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def harden_process() -> None:
    """Turn core dumps off and make the process not dumpable (prctl(2)); raise OSError if that fails."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) failed")
