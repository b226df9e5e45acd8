"""Keeps the process small: memory that threads have freed goes back to the system."""

import ctypes

# Numbers of malloc.h of the GNU C library, mallopt(3).
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8
_KEPT_BYTES = 4 * 1024 * 1024


def keep_small() -> None:
    """Let threads share two heaps, and return buffers from 4 MiB on to the system at once.

    Does nothing without the GNU C library. By default each thread has a heap of its own that only grows, so a
    few uploads or long prompts would leave the process with several times the memory that they needed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_ARENA_MAX, 2)
    # Messages are a little larger than 1 MiB; with a threshold below that, each would cost two system calls.
    # With a much higher one, the process keeps buffers that it has freed.
    mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
