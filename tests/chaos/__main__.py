"""`python -m tests.chaos [SECONDS]`: runs jobs on a stack whose processes are killed in turn."""

import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.chaos.history import Trial, begin, check, end
from tests.chaos.killer import Killer
from tests.e2e.api import register, tls
from tests.support.provider import Provider
from tests.support.stack import GENEROUS, Launcher, Stack

TRIAL = Trial(rows=2000, parallel_calls=120, latency_ms=600)
#: How long processes are killed while a job runs, and how long the job then has to end.
FIRE_SECONDS = 60.0
JOB_SECONDS = 300.0


def rounds(stack: Stack, seconds: float, dice: random.Random) -> None:
    """Run jobs under fire for this number of seconds; raise AssertionError when a result is wrong."""
    provider = Provider(urlsplit(stack.provider_url).netloc)
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=30, trust_env=False) as http:
        person = register(http)
        person.add_key(provider.base_url)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = begin(person, provider, TRIAL)
            with Killer(stack, 0.3, 2.0, dice) as killer:
                time.sleep(max(1.0, min(FIRE_SECONDS, deadline - time.monotonic())))
            done = end(person, job, seconds=JOB_SECONDS)
            account = check(person, provider, TRIAL, job=done, kills=killer.kills)
            print(f"{len(killer.kills)} kills: {', '.join(kill.victim for kill in killer.kills)}")
            print(
                f"  {TRIAL.rows} rows in {account.seconds:.0f} s, {account.calls} calls, "
                f"{account.faults} spoilt, "
                f"{account.paid_twice} paid twice (at most {account.most_in_flight_at_kills})",
                flush=True,
            )


def main(arguments: list[str]) -> int:
    """Return 0 if the results of every job are right."""
    seconds = float(arguments[0]) if arguments else 60.0
    seed = int(arguments[1]) if len(arguments) > 1 else random.randrange(1_000_000)
    print(f"{seconds:g} s of chaos, seed {seed}", flush=True)
    room = Path(tempfile.mkdtemp(prefix="smelt-chaos-"))
    # The user that runs Postgres must be able to traverse it.
    room.chmod(0o755)
    launcher = Launcher(room / "state")
    launcher.start(**GENEROUS)
    right = False
    try:
        rounds(launcher.wait_started(), seconds, random.Random(seed))
        right = True
    except AssertionError as error:
        print(f"WRONG: {error}\nlogs are in {room}", file=sys.stderr)
    finally:
        launcher.signal(signal.SIGTERM)
        launcher.wait_ended()
    if right:
        shutil.rmtree(room, ignore_errors=True)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
