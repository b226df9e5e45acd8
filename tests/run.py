"""Runs every check of the house in order: `python -m tests.run [--lint-only | --long] [pytest arguments]`.

Tests marked `long` are left out by pyproject.toml; `--long` runs them too.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CODE = ["services", "gateway", "deploy", "ops", "client", "tests"]

# Slow ones first: they run side by side.
LINTS: dict[str, list[str]] = {
    "mypy": [str(BIN / "mypy"), "--no-error-summary", *CODE],
    "import walls": [str(BIN / "lint-imports"), "--no-cache"],
    "ruff": [str(BIN / "ruff"), "check", "-q", *CODE],
    "ruff format": [str(BIN / "ruff"), "format", "-q", "--check", *CODE],
    "buf lint": [str(BIN / "buf"), "lint"],
    "buf format": [str(BIN / "buf"), "format", "-d", "--exit-code", "protos"],
}
PYTEST = [sys.executable, "-m", "pytest"]
# Lets pytest keep the tests as it compiles them, so that it does so once and not in each of its processes.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def lint(name: str) -> bool:
    """Run a lint; print what it says if it fails."""
    started = time.monotonic()
    done = subprocess.run(LINTS[name], cwd=ROOT, capture_output=True, text=True)
    seconds = time.monotonic() - started
    complaint = f"\n{done.stdout}{done.stderr}" if done.returncode else ""
    print(f"{'FAILED' if done.returncode else 'ok':6} {name} ({seconds:.1f} s){complaint}", flush=True)
    return not done.returncode


def compile_tests() -> None:
    """Find all tests, which compiles them; what is wrong with one is said when they run."""
    find = [*PYTEST, "--collect-only", "-q"]
    subprocess.run(find, cwd=ROOT, env=ENVIRONMENT, capture_output=True)


def main(arguments: list[str]) -> int:
    """Return 0 when everything holds."""
    lint_only = "--lint-only" in arguments
    with ThreadPoolExecutor(max_workers=2) as threads:
        linted = threads.map(lint, LINTS)
        if not lint_only:
            threads.submit(compile_tests)
    good = all(linted)
    if lint_only:
        return 0 if good else 1
    if "--long" in arguments:
        # The last expression given for markers is the one that counts; the empty one leaves nothing out.
        arguments = [*(argument for argument in arguments if argument != "--long"), "-m", ""]
    # Four processes keep two cores busy: tests wait for what they start. A group (one stack, one heavy
    # fixture) stays in one of them.
    command = [*PYTEST, "-n", "4", "--dist", "loadgroup", *arguments]
    tested = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT)
    return 0 if good and tested.returncode == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
