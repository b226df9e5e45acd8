"""Runs every check of the house in order: `python -m tests.run [--lint-only | --long] [pytest arguments]`.

Tests marked `long` are left out by pyproject.toml; `--long` runs them too.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CODE = ["services", "gateway", "deploy", "client", "tests"]

LINTS: dict[str, list[str]] = {
    "ruff": [str(BIN / "ruff"), "check", "-q", *CODE],
    "ruff format": [str(BIN / "ruff"), "format", "-q", "--check", *CODE],
    "import walls": [str(BIN / "lint-imports"), "--no-cache"],
    "buf lint": [str(BIN / "buf"), "lint"],
    "buf format": [str(BIN / "buf"), "format", "-d", "--exit-code", "protos"],
    "mypy": [str(BIN / "mypy"), "--no-error-summary", *CODE],
}


def lint() -> bool:
    """Run the lints; print what the failing ones say."""
    good = True
    for name, command in LINTS.items():
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        print(
            f"{'ok' if done.returncode == 0 else 'FAILED':6} {name} ({time.monotonic() - started:.1f} s)",
            flush=True,
        )
        if done.returncode:
            print(done.stdout + done.stderr, flush=True)
            good = False
    return good


def main(arguments: list[str]) -> int:
    """Return 0 when everything holds."""
    lint_only = "--lint-only" in arguments
    good = lint()
    if lint_only:
        return 0 if good else 1
    if "--long" in arguments:
        # The last expression given for markers is the one that counts; the empty one leaves nothing out.
        arguments = [*(argument for argument in arguments if argument != "--long"), "-m", ""]
    # Four processes keep two cores busy: tests wait for what they start. A group (one stack, one heavy
    # fixture) stays in one of them.
    command = [sys.executable, "-m", "pytest", "-n", "4", "--dist", "loadgroup", *arguments]
    tested = subprocess.run(command, cwd=ROOT)
    return 0 if good and tested.returncode == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
