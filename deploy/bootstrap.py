"""Creates the virtual environment from the hash-pinned requirements; needs only the standard library."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)


def fail(message: str) -> None:
    print(f"smelt: {message}", file=sys.stderr)
    raise SystemExit(1)


def main(kind: str) -> None:
    """Install `run` or `dev` requirements and put the project on the environment's path."""
    if sys.version_info < OLDEST:
        this = sys.version.split()[0]
        fail(f"Python 3.11 or newer is required, but this is {this}; try `make PYTHON=python3.12 ...`")
    python = VENV / "bin" / "python"
    if not python.exists():
        try:
            import ensurepip  # noqa: F401
        except ImportError:
            fail("this Python has no venv module; install it (on Debian: apt install python3-venv)")
        print("Creating a virtual environment in .venv (once; takes about a minute) ...", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode:
            fail("the virtual environment could not be created; check that this folder is writable")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    requirements = ROOT / "requirements" / f"{kind}.txt"
    steps = [
        [*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(requirements)],
        [*pip, "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT / "client")],
    ]
    for step in steps:
        # Hides pip's notes about the configured indexes, which mean nothing to the person who typed `make`.
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            sys.stderr.write(done.stderr)
            fail("the requirements could not be installed (see above); does the README list this platform?")
    purelib = subprocess.check_output(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    ).strip()
    (Path(purelib) / "smelt.pth").write_text(f"{ROOT}\n{ROOT / 'gen'}\n")
    # The tests' requirements include everything needed for running.
    for stamp in ("run", "dev") if kind == "dev" else ("run",):
        (VENV / f".{stamp}").touch()


if __name__ == "__main__":
    main(sys.argv[1])
