"""Mutual TLS: this process's certificates, on its port and on its channels."""

import json
from typing import Any

import grpc

from services.common.identity import WORKLOADS
from services.common.rpc import keepalive
from services.common.rpc.certificates import CertificateFiles, Material
from services.common.rpc.channels import RenewedChannel
from services.common.rpc.health import STAYING
from services.common.rpc.servicing import Context
from services.common.settings import PeerSettings

_SPIFFE = "spiffe://smelt/"

_LIMIT = 4 * 1024 * 1024
OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.max_receive_message_length", _LIMIT),
    ("grpc.max_send_message_length", _LIMIT),
]
_SERVER_OPTIONS: list[tuple[str, int | str]] = [
    *OPTIONS,
    ("grpc.so_reuseport", 0),
    # A stream may send at most 1 MiB ahead of its reader, even over a fast link. More takes more memory for
    # each slow reader; less slows down transfers.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 1 << 20),
    ("grpc.max_concurrent_streams", 1000),
    ("grpc.http2.max_frame_size", 1 << 20),
    *keepalive.SERVER_OPTIONS,
]


def server_options() -> list[tuple[str, int | str]]:
    """Return the channel options of a server's port."""
    return list(_SERVER_OPTIONS)


#: A replica says on a stream when it is about to stop, so that calls go to the others beforehand.
_SERVICE_CONFIG = json.dumps({"healthCheckConfig": {"serviceName": STAYING}})


def server_credentials(settings: PeerSettings) -> grpc.ServerCredentials:
    """Return credentials that refuse a peer without a certificate of our authority.

    Each handshake is made with the files as they are then.
    """
    files = CertificateFiles(settings)
    used = files.current()

    def fetch() -> Any:
        nonlocal used
        if (material := files.current()) is used:
            return None
        used = material
        return _certificates(material)

    return grpc.dynamic_ssl_server_credentials(_certificates(used), fetch, require_client_authentication=True)


def _certificates(material: Material) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(material.key, material.chain)], root_certificates=material.authority
    )


def channel(settings: PeerSettings, peer: str, address: str) -> grpc.aio.Channel:
    """Return a channel to a service; its certificate must carry the peer's name.

    It is built anew when the certificate files change.
    """
    options: list[tuple[str, int | str]] = [
        *OPTIONS,
        ("grpc.ssl_target_name_override", peer),
        ("grpc.lb_policy_name", "round_robin"),
        ("grpc.service_config", _SERVICE_CONFIG),
        *keepalive.CLIENT_OPTIONS,
        ("grpc.initial_reconnect_backoff_ms", 100),
        # How long one attempt may take, handshake included. Shorter, and a busy machine never connects;
        # longer, and calls wait longer for a peer that is gone.
        ("grpc.min_reconnect_backoff_ms", 5_000),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        # How soon names are resolved again after a replica has left. Usually it is 30 seconds, in which a
        # rollout may have replaced every replica that a client knows.
        ("grpc.dns_min_time_between_resolutions_ms", 1_000),
        ("grpc.enable_retries", 0),
    ]

    def build(material: Material) -> grpc.aio.Channel:
        credentials = grpc.ssl_channel_credentials(material.authority, material.key, material.chain)
        return grpc.aio.secure_channel(_target(address), credentials, options=options)

    return RenewedChannel(CertificateFiles(settings), build)


def _target(address: str) -> str:
    """Return where replicas are: behind one name, or at several numeric addresses, separated by commas."""
    return f"ipv4:{address}" if "," in address else f"dns:///{address}"


def workload(context: Context) -> str | None:
    """Return the caller's short name, from its certificate's URI SAN; None for an unknown caller."""
    names = context.auth_context().get("x509_subject_alternative_name", ())
    uris = [name.decode("utf-8", "replace") for name in names if name.startswith(b"spiffe://")]
    # A certificate with two identities counts as having none.
    if len(uris) != 1 or not uris[0].startswith(_SPIFFE):
        return None
    short = uris[0].removeprefix(_SPIFFE)
    return short if short in WORKLOADS else None
