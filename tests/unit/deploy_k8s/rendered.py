"""Overlays as kustomize renders them, with the program of a wheel, or with a kubectl of the machine."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.unit.deploy_k8s.manifests import FOLDER, Manifest

OVERLAYS = tuple(sorted(path.parent.name for path in FOLDER.glob("overlays/*/kustomization.yaml")))


@cache
def rendered(overlay: str) -> tuple[Manifest, ...]:
    """Everything that `kubectl apply -k` would apply."""
    beside = Path(sys.executable).with_name("kubectl")
    program = str(beside) if beside.exists() else shutil.which("kubectl")
    if program is None:
        pytest.skip("there is no kubectl: its wheel is for Linux, and none is on the path")
    folder = FOLDER / "overlays" / overlay
    done = subprocess.run([program, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def kinds(overlay: str, *wanted: str) -> list[Manifest]:
    """The rendered manifests of some kinds."""
    return [manifest for manifest in rendered(overlay) if manifest["kind"] in wanted]


def pods_of(overlay: str) -> list[tuple[str, Manifest]]:
    """The name and the template of every pod."""
    return [
        (manifest["metadata"]["name"], manifest["spec"]["template"])
        for manifest in kinds(overlay, "Deployment", "StatefulSet")
    ]
