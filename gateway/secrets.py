"""Certificates as files that Envoy reloads when they are replaced."""

from pathlib import Path

from gateway.parts import Config, typed
from gateway.settings import GatewaySettings

SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 -- the name of a type


def secret_files(settings: GatewaySettings) -> dict[str, Config]:
    """The documents by file name: the edge's certificate, the gateway's own, and the services' CA."""
    edge = _certificate("edge", settings.gateway_cert_file, settings.gateway_key_file)
    own = _certificate("gateway", settings.tls_cert_file, settings.tls_key_file)
    authority = typed(
        SECRET,
        name="authority",
        validation_context={
            "trusted_ca": {"filename": str(settings.tls_ca_file)},
            "watched_directory": {"path": str(settings.tls_ca_file.parent)},
        },
    )
    return {_file(secret["name"]): {"resources": [secret]} for secret in (edge, own, authority)}


def secret_source(name: str, out: str) -> Config:
    """The location at which Envoy finds the named secret."""
    source = {"path_config_source": {"path": f"{out}/{_file(name)}"}, "resource_api_version": "V3"}
    return {"name": name, "sds_config": source}


def _certificate(name: str, certificate: Path, key: Path) -> Config:
    return typed(
        SECRET,
        name=name,
        tls_certificate={
            "certificate_chain": {"filename": str(certificate)},
            "private_key": {"filename": str(key)},
            "watched_directory": {"path": str(certificate.parent)},
        },
    )


def _file(name: str) -> str:
    return f"sds-{name}.yaml"
