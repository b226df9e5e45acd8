"""A process that does nothing but bcrypt: it reads 64 characters and a salt, and writes the hash, repeatedly.

It runs as a script, so that it imports bcrypt and nothing of auth. It ends when its input does, which is when
auth ends. It is given codes of passwords, never passwords.
"""

import os
import sys

import bcrypt

TEXT_BYTES = 64
#: `$2b$12$` and 22 characters.
SALT_BYTES = 29
HASH_BYTES = 60
#: At niceness 5 a process gets about a third of a normal one's processor time. At 0, a flood of logins slows
#: all requests down; at 19, people can hardly sign in on a busy machine.
_LESS_URGENT = 5


def behind_everything_else() -> None:
    """Lower the priority of this process below everything else.

    With autogroups, a desktop's default, Linux weighs sessions rather than processes, so this session's
    weight is lowered as well.
    """
    os.nice(_LESS_URGENT)
    if sys.platform == "linux":
        try:
            with open("/proc/self/autogroup", "w") as group:
                group.write(str(_LESS_URGENT))
        except OSError:
            # There are no autogroups, or they cannot be changed; the niceness alone applies then.
            return


def main() -> None:
    """Hash until the input ends."""
    behind_everything_else()
    # Unbuffered, so that no code stays in a buffer after its hash was written.
    with open(0, "rb", buffering=0) as asked, open(1, "wb", buffering=0) as answers:
        while len(question := _read(asked.fileno(), TEXT_BYTES + SALT_BYTES)) == TEXT_BYTES + SALT_BYTES:
            answers.write(bcrypt.hashpw(question[:TEXT_BYTES], question[TEXT_BYTES:]))


def _read(descriptor: int, size: int) -> bytes:
    """Read `size` bytes, or fewer if the input ends."""
    taken = b""
    while len(taken) < size and (more := os.read(descriptor, size - len(taken))):
        taken += more
    return taken


if __name__ == "__main__":
    main()
