"""One version everywhere: what providers are told, what the client package and the images are called."""

import re
import tomllib
from pathlib import Path

from services.common.version import VERSION

ROOT = Path(__file__).resolve().parents[3]


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION
    tags = {
        tag
        for path in (ROOT / "deploy" / "k8s").rglob("*.yaml")
        for tag in re.findall(r"image: smelt:(\S+)", path.read_text())
    }
    assert tags == {VERSION}
