"""bespokelabs-curator over the same rows, in its own environment, for this benchmark only."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "bespokelabs-curator==0.1.31"
INSTALL_SECONDS = 240
RUN_SECONDS = 120
_SCRIPT = Path(__file__).with_name("curator_loop.py")


@dataclass(frozen=True, slots=True)
class Took:
    """The time and CPU of a run."""

    seconds: float
    cpu_seconds: float


def measure(base_url: str, *, rows: int, parallel: int) -> Took | str:
    """Return what curator takes, or a sentence that says why that is unknown."""
    try:
        python = _environment()
    except (subprocess.SubprocessError, OSError) as error:
        return f"it could not be installed ({type(error).__name__})"
    with tempfile.TemporaryDirectory(prefix="smelt-curator-") as folder:
        environment = {
            name: os.environ[name] for name in ("PATH", "LANG", "SSL_CERT_FILE") if name in os.environ
        }
        environment |= {"HOME": folder, "CURATOR_CACHE_DIR": f"{folder}/cache", "OPENAI_API_KEY": "sk-bench"}
        # The vocabulary bundled with litellm, which tiktoken would otherwise download.
        bundled = next(
            python.parents[1].glob("lib/python*/site-packages/litellm/litellm_core_utils/tokenizers")
        )
        environment |= {"TIKTOKEN_CACHE_DIR": str(bundled)}
        environment |= {"TELEMETRY_ENABLED": "0", "CURATOR_DISABLE_RICH_DISPLAY": "1", "HF_HUB_OFFLINE": "1"}
        try:
            said = subprocess.run(
                [str(python), str(_SCRIPT), base_url, str(rows), str(parallel)],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
                timeout=RUN_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return f"it took more than {RUN_SECONDS} s"
        except subprocess.CalledProcessError as error:
            last = (str(error.stderr).strip().splitlines() or ["nothing was said"])[-1]
            return f"it ended with an error: {last[:200]}"
    line = next((line for line in said.stdout.splitlines() if line.startswith("took ")), "")
    if not line:
        return "it said nothing"
    seconds, cpu = map(float, line.split()[1:])
    return Took(seconds, cpu)


def _environment() -> Path:
    """Return the environment's Python; the first call creates the environment."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path(tempfile.gettempdir()) / "smelt-bench-cache")
    folder = cache / "smelt-bench" / PACKAGE.replace("==", "-")
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        print(f"-   installing {PACKAGE} into a folder of its own", flush=True)
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", PACKAGE],
        ):
            subprocess.run(command, capture_output=True, check=True, timeout=INSTALL_SECONDS)
        ready.touch()
    return python
