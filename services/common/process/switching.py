"""How often threads of one process take turns."""

import sys

#: A thread that computes lets others run after this long. Each time the event loop has written to a socket or
#: has waited, it gets its turn back only then, so at Python's usual 5 ms a few of these add up to a delay
#: that people notice. Shorter, and switching takes the time.
SECONDS = 0.001


def take_turns_often() -> None:
    """Let the event loop run soon while other threads compute."""
    sys.setswitchinterval(SECONDS)
