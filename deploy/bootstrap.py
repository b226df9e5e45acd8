"""Creates virtual environments from the hash-pinned requirements; needs only the standard library."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
#: What audits the packages is not installed among them.
AUDIT_VENV = ROOT / ".venv-audit"
#: Nor is what builds the web console: node, which nothing needs at run time.
CONSOLE_VENV = ROOT / ".venv-console"
_APART = {"audit": AUDIT_VENV, "console": CONSOLE_VENV}
OLDEST = (3, 11)


def fail(message: str) -> None:
    print(f"smelt: {message}", file=sys.stderr)
    raise SystemExit(1)


def installing(python: Path, requirements: Path) -> list[str]:
    """The command that installs requirements: wheels with a pinned hash, whose own code pip does not run."""
    options = ["--only-binary", ":all:", "--require-hashes"]
    return [*_pip(python), *options, "-r", str(requirements)]


def _pip(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "--disable-pip-version-check", "install"]


def _run(step: list[str], packages: int) -> "tuple[int, str]":
    """Run pip and show how far it is; return its exit code and what it complained of.

    pip's own lines are hidden: they speak of indexes and caches, not to the person who typed `make`.
    """
    with tempfile.TemporaryFile("w+") as complaints:
        with subprocess.Popen(step, stdout=subprocess.PIPE, stderr=complaints, text=True) as running:
            fetched = 0
            for line in running.stdout or ():
                fetched += line.startswith("Collecting ")
                if line.startswith("Installing collected"):
                    _show(f"installing {fetched} packages")
                elif packages:
                    _show(f"fetched {fetched} of {packages} packages")
        _show("")
        complaints.seek(0)
        return running.returncode, complaints.read()


def _show(text: str) -> None:
    """Replace the line on a terminal; a log needs none of it."""
    if sys.stdout.isatty():
        print(f"\r  {text:<40}\r", end="", flush=True)


def main(kind: str) -> None:
    """Install `run` or `dev` requirements, with the project on the environment's path; others each apart."""
    if sys.version_info < OLDEST:
        this = sys.version.split()[0]
        fail(f"Python 3.11 or newer is required, but this is {this}; try `make PYTHON=python3.12 ...`")
    venv = _APART.get(kind, VENV)
    python = venv / "bin" / "python"
    if not python.exists():
        try:
            import ensurepip  # noqa: F401
        except ImportError:
            fail("this Python has no venv module; install it (on Debian: apt install python3-venv)")
        print(f"Creating a virtual environment in {venv.name} (once; takes about a minute) ...", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", str(venv)]).returncode:
            fail("the virtual environment could not be created; check that this folder is writable")
    requirements = ROOT / "requirements" / f"{kind}.txt"
    steps = [installing(python, requirements)]
    packages = sum(line[:1].isalnum() for line in requirements.read_text().splitlines())
    if kind not in _APART:
        ours = ["--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT / "client")]
        steps.append([*_pip(python), *ours])
    for step in steps:
        code, complaints = _run(step, packages)
        if code:
            sys.stderr.write(complaints)
            fail("the requirements could not be installed (see above); does the README list this platform?")
    if kind in _APART:
        (venv / f".{kind}").touch()
        return
    purelib = subprocess.check_output(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    ).strip()
    (Path(purelib) / "smelt.pth").write_text(f"{ROOT}\n{ROOT / 'gen'}\n")
    # The tests' requirements include everything needed for running.
    for stamp in ("run", "dev") if kind == "dev" else ("run",):
        (VENV / f".{stamp}").touch()


if __name__ == "__main__":
    main(sys.argv[1])
