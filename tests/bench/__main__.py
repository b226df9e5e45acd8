"""`python -m tests.bench [PART ...]`: runs the usual or the named benchmarks against their own stack."""

import sys
import tempfile
from pathlib import Path

from tests.bench import auth, files, jobs, scale, vault, worker_memory
from tests.bench.jobs import growth
from tests.support.stack import GENEROUS, Launcher, Stack

PARTS = {
    "jobs": jobs.run,
    "growth": growth.run,
    "worker_memory": worker_memory.run,
    "files": files.run,
    "vault": vault.run,
    "scale": scale.run,
    "auth": auth.run,
}
#: Parts that run only when named.
LONG = {"growth"}
SETTINGS = {
    "SMELT_WORKERS": "1",
    # All requests come from one address, as many as can be answered.
    "SMELT_GATEWAY_REQUESTS_PER_SECOND": "0",
    "SMELT_GATEWAY_CONNECTIONS_PER_SECOND": "0",
    "SMELT_MAX_UPLOAD_BYTES": str(4 * 1024**3),
    "SMELT_MAX_ROWS": "10000000",
}


def main(names: list[str]) -> int:
    """Start one stack, run the named parts or all short ones, and print each ratio beside its target."""
    with tempfile.TemporaryDirectory(prefix="smelt-bench-") as folder:
        Path(folder).chmod(0o755)
        launcher = Launcher(Path(folder) / "state")
        shell = launcher.start(**GENEROUS, **SETTINGS)
        good = True
        try:
            stack: Stack = launcher.wait_started()
            for name in names or [part for part in PARTS if part not in LONG]:
                for line in PARTS[name](stack):
                    print(line, flush=True)
                    good &= line.met
        finally:
            launcher.signal(15)
            launcher.wait_ended()
            shell.wait()
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
