"""Writes everything Envoy reads into one directory."""

import datetime
import json
from pathlib import Path

import yaml

from gateway.bindings import DESCRIPTORS, load
from gateway.bootstrap import bootstrap
from gateway.console_files import copy_console
from gateway.filters import DESCRIPTORS_FILE
from gateway.installation import installation
from gateway.openapi import openapi
from gateway.secrets import secret_files
from gateway.security_txt import security_txt
from gateway.settings import GatewaySettings

CONFIGURATION = "envoy.yaml"


def render(settings: GatewaySettings, out: Path, now: datetime.datetime) -> None:
    """Write the configuration, the descriptors, the locations of the certificates, and all that the edge
    serves itself. Paths in them are absolute, so `out` must stay where it is."""
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    descriptors = load()
    copy_console(settings.console_source, out)
    documents = {CONFIGURATION: bootstrap(descriptors, settings, out), **secret_files(settings)}
    texts = {name: yaml.safe_dump(document, sort_keys=False) for name, document in documents.items()}
    texts["openapi.json"] = json.dumps(openapi(descriptors))
    texts["installation.json"] = json.dumps(installation(settings))
    texts["security.txt"] = security_txt(settings.security_contact, now, policy=settings.security_policy)
    _write(out / DESCRIPTORS_FILE, DESCRIPTORS.read_bytes())
    for name, text in texts.items():
        _write(out / name, text.encode())


def _write(path: Path, content: bytes) -> None:
    """Replace a file atomically: Envoy reloads the certificates' locations when they are moved into place."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.replace(path)
