"""Keeps the process as small as its work: memory that threads are done with goes back to the system."""

import ctypes

# Numbers of malloc.h of the GNU C library, mallopt(3).
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8


def keep_small() -> None:
    """Let threads share two heaps and give buffers from 1 MiB on back at once; does nothing elsewhere.

    By default each of many threads has a heap of its own that only grows, so that a few uploads
    would leave several times the memory that they needed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_ARENA_MAX, 2)
    mallopt(_MMAP_THRESHOLD, 1024 * 1024)
