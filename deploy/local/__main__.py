"""The command `python -m deploy.local run|demo|env`: checks Python and its packages first."""

import sys

OLDEST = (3, 11)


def main(arguments: "list[str]") -> int:
    """Return the exit code. Any Python 3 can parse this file, so that an old one can say it is too old."""
    if sys.version_info < OLDEST:
        return _refuse("Python 3.11 or newer is required, but this is " + sys.version.split()[0])
    try:
        from deploy.local.command import main as command
    except ModuleNotFoundError as error:
        return _refuse(
            str(error.name) + " is not installed in this environment; use `make run` or `make demo`"
        )
    return command(arguments)


def _refuse(reason: str) -> int:
    sys.stderr.write("smelt: " + reason + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
