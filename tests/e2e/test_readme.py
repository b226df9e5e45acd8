"""The README's commands, pasted into one terminal as they stand."""

import os
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from deploy.local.runtime import ROOT
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

BLOCKS = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
END = "pasted to the end"
#: What a shell or a program prints when something went wrong.
TROUBLE = re.compile(r"Traceback|not found|no matches|syntax error|parse error|curl: |error: |\"code\":")
SHELLS = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "dash": ["dash", "-i"],
    "zsh": ["zsh", "--no-rcs", "-i"],
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like the project's, in which commands may leave files."""
    for name in (".venv", "Makefile", "examples", "deploy", "services", "gateway", "client", "gen"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.parametrize(("shell", "times"), first(1, [("bash", 1), ("bash", 2), ("dash", 2), ("zsh", 2)]))
def test_the_readme_can_be_pasted_again_and_again(
    stack: Stack, checkout: Path, shell: str, times: int
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    said = pasted(SHELLS[shell], "\n".join(BLOCKS * times), checkout, state=stack.state_dir)
    results = re.findall(r"^First Name,Company,Industry,City,Hook", said, re.MULTILINE)
    assert len(results) == times, said
    assert said.count("File Name") == times, said
    assert said.count("Wrote leads-result.csv") == times, said
    assert not TROUBLE.search(said), said
    assert (checkout / "everything.zip").stat().st_size


def pasted(shell: list[str], text: str, folder: Path, *, state: Path) -> str:
    """Paste a text into a shell at a terminal; return all that the terminal shows besides the text."""
    terminal, end = os.openpty()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TERM": "dumb",
        "PS1": "",
        "PS2": "",
        "SMELT_STATE_DIR": str(state),
    }
    with subprocess.Popen(
        shell, stdin=end, stdout=end, stderr=end, cwd=folder, env=environment, start_new_session=True
    ) as running:
        os.close(end)
        try:
            return _typed(terminal, f"stty -echo\n{text}\necho {END[:6]}'{END[6:]}'\n".encode())
        finally:
            running.kill()
            os.close(terminal)


def _typed(terminal: int, text: bytes) -> str:
    os.set_blocking(terminal, False)
    shown, deadline = "", time.monotonic() + PATIENCE_SECONDS * 2
    while END not in shown:
        readable, writable, _ = select.select([terminal], [terminal] if text else [], [], 1.0)
        if writable:
            # A terminal takes only so much while a program runs.
            try:
                text = text[os.write(terminal, text[:256]) :]
            except BlockingIOError:
                writable = []
        if readable:
            shown += os.read(terminal, 65536).decode(errors="replace")
        assert time.monotonic() < deadline, shown
    return shown.replace("\r\n", "\n")
