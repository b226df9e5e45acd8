"""Keeps the process as small as its work: memory that threads are done with goes back to the system."""

import ctypes

# Numbers of malloc.h of the GNU C library, mallopt(3).
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8
_KEPT_BYTES = 4 * 1024 * 1024


def keep_small() -> None:
    """Let threads share two heaps and give buffers from 4 MiB on back at once; does nothing elsewhere.

    By default each of many threads has a heap of its own that only grows, so that a few uploads
    would leave several times the memory that they needed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_ARENA_MAX, 2)
    # Messages are a little larger than 1 MiB: given back one by one, they would be asked for anew as often.
    mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
