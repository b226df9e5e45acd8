"""What a process of the suite says to the garbage collector once everything is imported."""

import gc


def leave_imports_alone() -> None:
    """Never look again at what was imported: it stays to the end, and nothing of it goes in circles.

    There are 130,000 to 200,000 such objects. Looking through all of them holds the event loop for 0.1 s
    whenever the oldest generation is collected, and takes a process 0.3 s longer to end.
    """
    gc.freeze()
