"""`python -m tests.fuzz [MINUTES] [SEED]`: sends bent requests to a stack of its own and writes a log.

Exit code 0 means that no answer was a 5xx and that each refusal had the one shape. The log has every finding
with the bytes that caused it.
"""

import asyncio
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.engine import Finding, Outcome, fuzz
from tests.fuzz.operations import operations
from tests.support.stack import GENEROUS, Launcher


def main(arguments: list[str]) -> int:
    """Return 0 if nothing was found."""
    minutes = float(arguments[0]) if arguments else 1.0
    seed = int(arguments[1]) if len(arguments) > 1 else random.randrange(1_000_000)
    room = Path(tempfile.mkdtemp(prefix="smelt-fuzz-"))
    # The user that runs Postgres must be able to traverse it.
    room.chmod(0o755)
    log = room / "fuzz.log"
    print(f"{minutes:g} min of bent requests, seed {seed}, log {log}", flush=True)
    launcher = Launcher(room / "state")
    # Passwords wait no longer than in production: a queue of minutes would outlast the edge.
    launcher.start(**{**GENEROUS, "SMELT_BCRYPT_WAIT_SECONDS": "4"})
    try:
        stack = launcher.wait_started()
        deadline = time.monotonic() + minutes * 60
        with log.open("w") as lines:

            def tell(finding: Finding) -> None:
                print(finding, file=lines, flush=True)

            outcome = asyncio.run(
                fuzz(stack, seed=seed, enough=lambda _: time.monotonic() > deadline, told=tell)
            )
            summary = _summary(outcome, seed)
            print(summary, file=lines)
            print("too busy:", *outcome.busy.items(), sep="\n  ", file=lines)
            never = sorted({each.name for each in operations()} - outcome.succeeded)
            print("never succeeded:", *never, sep="\n  ", file=lines)
    finally:
        launcher.signal(signal.SIGTERM)
        launcher.wait_ended()
    print(summary)
    if outcome.findings:
        print(f"the findings are in {log}, the logs of the services beside it", file=sys.stderr)
        return 1
    shutil.rmtree(room / "state", ignore_errors=True)
    return 0


def _summary(outcome: Outcome, seed: int) -> str:
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(outcome.statuses.items()))
    busy = outcome.busy.total()
    failed = sum(count for status, count in outcome.statuses.items() if status >= 500)
    return (
        f"seed {seed}: {outcome.requests} requests, "
        f"{len(outcome.succeeded)} of {len(operations())} operations succeeded; {statuses}\n"
        f"{failed} answers of 5xx, {len(outcome.findings)} findings in all; {busy} times too busy"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
