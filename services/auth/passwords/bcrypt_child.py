"""A process that does nothing but bcrypt: takes 64 characters and a salt, gives the hash, again and again.

It runs as a script, so that it imports bcrypt and nothing of auth, and ends when auth does: its input ends
then. What it is given are codes of passwords, never passwords.
"""

import os
import sys

import bcrypt

TEXT_BYTES = 64
#: `$2b$12$` and 22 characters.
SALT_BYTES = 29
HASH_BYTES = 60
#: A quarter of the time of a process that is not behind: on a busy machine people can still sign in.
_LESS_URGENT = 5


def behind_everything_else() -> None:
    """Let this process have what processor time nothing else wants.

    Linux with a desktop's settings weighs sessions rather than processes; it is told the same of this one's.
    """
    os.nice(_LESS_URGENT)
    if sys.platform == "linux":
        try:
            with open("/proc/self/autogroup", "w") as group:
                group.write(str(_LESS_URGENT))
        except OSError:
            # There are no such groups here, or they may not be changed; niceness stays.
            return


def main() -> None:
    """Hash until the input ends."""
    behind_everything_else()
    # Unbuffered, so that a code does not stay in a buffer after it was answered.
    with open(0, "rb", buffering=0) as asked, open(1, "wb", buffering=0) as answers:
        while len(question := _read(asked.fileno(), TEXT_BYTES + SALT_BYTES)) == TEXT_BYTES + SALT_BYTES:
            answers.write(bcrypt.hashpw(question[:TEXT_BYTES], question[TEXT_BYTES:]))


def _read(descriptor: int, size: int) -> bytes:
    """Return so many bytes, fewer when the input ends."""
    taken = b""
    while len(taken) < size and (more := os.read(descriptor, size - len(taken))):
        taken += more
    return taken


if __name__ == "__main__":
    main()
