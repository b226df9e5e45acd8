"""The settings and commands of the four services, the workers and the gateway."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.accounts import GATEWAY, PROVIDER, Identities
from deploy.local.certificates import EDGE, SERVICES, Certificates, Identity
from deploy.local.probes import answers_200
from deploy.local.processes import Command
from deploy.local.runtime import ROOT, Runtime

# The person's settings that a process may see; all others stay with the launcher.
EVERYONE = ("SMELT_LOG_LEVEL", "SMELT_LOOP_WATCH_SECONDS", "SMELT_LAME_DUCK_SECONDS")
PASSED_ON: Mapping[str, tuple[str, ...]] = {
    "auth": (
        "SMELT_EVENT_DAYS",
        "SMELT_SESSION_DAYS",
        "SMELT_SESSION_IDLE_DAYS",
        "SMELT_BCRYPT_THREADS",
        "SMELT_BCRYPT_WAIT_SECONDS",
        "SMELT_CLAIM_SECONDS",
        "SMELT_LIMIT_LOGIN",
        "SMELT_LIMIT_LOGIN_ADDRESS",
        "SMELT_LIMIT_LOGIN_EMAIL",
        "SMELT_LIMIT_REGISTER",
        "SMELT_LIMIT_RESET",
        "SMELT_SIGN_UP",
        "SMELT_VERIFY_EMAIL",
        "SMELT_PUBLIC_URL",
        "SMELT_MAIL_FROM",
    ),
    "vault": (
        "SMELT_VAULT_ROTATION_GRACE_SECONDS",
        "SMELT_VAULT_RATCHET_SECONDS",
        "SMELT_VAULT_KEYSTORE_BACKUP_DIRS",
        "SMELT_VAULT_KEYSTORE_BACKUP_SECONDS",
        "SMELT_VAULT_KEYSTORE_BACKUP_GATHER_SECONDS",
    ),
    "files": (
        "SMELT_MAX_UPLOAD_BYTES",
        "SMELT_MAX_FILES",
        "SMELT_REFUSED_UPLOAD_SECONDS",
        "SMELT_MAX_REFUSED_UPLOADS",
        "SMELT_MAX_ROWS",
        "SMELT_MAX_COLUMNS",
        "SMELT_MAX_FIELD_BYTES",
        "SMELT_FILE_RETENTION_DAYS",
        "SMELT_DISCARD_DELAY_DAYS",
        "SMELT_MAX_WORKBOOK_BYTES",
        "SMELT_WORKBOOK_MEMORY_BYTES",
        "SMELT_WORKBOOK_SECONDS",
        "SMELT_UPLOADS_PER_ACCOUNT",
        "SMELT_UPLOADS_PER_ADDRESS",
        "SMELT_UPLOAD_LEAST_BYTES_PER_SECOND",
    ),
    "processor": (
        "SMELT_PROVIDER_BASE_URL",
        "SMELT_PROVIDER_CONNECT_SECONDS",
        "SMELT_PROVIDER_TOTAL_SECONDS",
        "SMELT_MAX_ANSWER_BYTES",
        "SMELT_KEY_TEST_SECONDS",
        "SMELT_RATE_PATIENCE_SECONDS",
        "SMELT_OUTAGE_PATIENCE_SECONDS",
        "SMELT_OUTAGE_PROBE_SECONDS",
        "SMELT_WORKER_SHARDS",
        "SMELT_PLAN",
        "SMELT_PARALLEL_CALLS",
        "SMELT_MAX_PARALLEL_CALLS",
        "SMELT_MAX_LIVE_JOBS",
        "SMELT_MAX_JOBS",
        "SMELT_MAX_TEMPLATES",
        "SMELT_MAX_ROWS",
        "SMELT_BATCH_POLL_SECONDS",
    ),
    "gateway": (
        "SMELT_MAX_UPLOAD_BYTES",
        # What the gateway tells of the settings of others.
        "SMELT_SIGN_UP",
        "SMELT_VERIFY_EMAIL",
        "SMELT_PLAN",
        "SMELT_MAX_ROWS",
        "SMELT_MAX_COLUMNS",
        "SMELT_MAX_FIELD_BYTES",
        "SMELT_MAX_FILES",
        "SMELT_MAX_TEMPLATES",
        "SMELT_MAX_JOBS",
        "SMELT_MAX_LIVE_JOBS",
        "SMELT_PARALLEL_CALLS",
        "SMELT_MAX_PARALLEL_CALLS",
        "SMELT_FILE_RETENTION_DAYS",
        "SMELT_SESSION_DAYS",
        "SMELT_SESSION_IDLE_DAYS",
        "SMELT_SECURITY_CONTACT",
        "SMELT_CONSOLE",
        "SMELT_CONSOLE_DIR",
        "SMELT_GATEWAY_MAX_CONNECTIONS",
        "SMELT_GATEWAY_CONNECTIONS_PER_SECOND",
        "SMELT_GATEWAY_REQUESTS_PER_SECOND",
        "SMELT_GATEWAY_MAX_HEAP_BYTES",
    ),
}
#: Wider limits than the services' own, which are for the internet: people who try things out on their own
#: machine register and reset more often than three times an hour.
TO_TRY_OUT: Mapping[str, Mapping[str, str]] = {
    "auth": {"SMELT_LIMIT_REGISTER": "100/1h", "SMELT_LIMIT_RESET": "100/1h"},
    # Without backups no row comes back that would need its object.
    "files": {"SMELT_DISCARD_DELAY_DAYS": "0"},
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """The loopback ports of the services' replicas and of their health servers, by name."""

    services: Mapping[str, int]
    health: Mapping[str, int]

    def peers(self) -> dict[str, str]:
        """The settings with which the services find each other, each with all of its replicas."""
        return {
            f"SMELT_{name.upper()}_ADDRESS": ",".join(
                f"127.0.0.1:{port}" for replica, port in self.services.items() if service_of(replica) == name
            )
            for name in SERVICES
        }


@dataclass(frozen=True, slots=True)
class Services:
    """The commands of all Python processes, with one set of certificates and addresses. `own` holds the extra
    settings of each service: paths of its secrets, addresses of its stores."""

    certificates: Certificates
    addresses: Addresses
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    directory: Path = ROOT
    identities: Identities = field(default_factory=Identities)
    runtime: Runtime = field(default_factory=Runtime)

    def serve(self, replica: str) -> Command:
        """One replica of a service, by its name."""
        service, more = service_of(replica), {}
        if service == "vault":
            # Each vault has an audit chain of its own.
            more["SMELT_VAULT_SLOT"] = replica.removeprefix("vault").removeprefix("-") or "0"
        listen = f"127.0.0.1:{self.addresses.services[replica]}"
        return self._process(replica, service, ("serve",), SMELT_LISTEN=listen, **more)

    def worker(self, number: int) -> Command:
        """A worker of the processor, which serves only its health."""
        return self._process(f"worker-{number}", "processor", ("worker",))

    def once(self, service: str, *arguments: str) -> Command:
        """A command of the service that ends on its own, such as `migrate`."""
        return self._command(f"{service}-{arguments[0]}", service, arguments)

    def operator(self, service: str, *arguments: str) -> Command:
        """A command that calls the service as the operator. It runs as the launcher's own user, because it
        may read a file of that person's."""
        environment = {**self.addresses.peers(), **tls(self.certificates.identity("operator"))}
        return self._python(f"{service}-{arguments[0]}", (f"services.{service}", *arguments), environment)

    def render_gateway(
        self, out: Path, *, port: int, admin_socket: Path, console: Path | None, told: Mapping[str, str]
    ) -> Command:
        """The command that writes Envoy's configuration. `console` is the folder of a built web console,
        `told` are further settings that only the launcher knows."""
        edge = self.certificates.identity(EDGE)
        environment = {
            **_from_person("gateway"),
            **self.addresses.peers(),
            **tls(self.certificates.identity("gateway")),
            "SMELT_GATEWAY_LISTEN": f"127.0.0.1:{port}",
            "SMELT_GATEWAY_CERT_FILE": str(edge.cert_file),
            "SMELT_GATEWAY_KEY_FILE": str(edge.key_file),
            "SMELT_GATEWAY_ADMIN_SOCKET": str(admin_socket),
            **({} if console is None else {"SMELT_CONSOLE_DIR": str(console)}),
            **told,
        }
        arguments = ("gateway", "render", "--out", str(out))
        return self._python("gateway-render", arguments, environment, part=GATEWAY)

    def provider(self, port: int) -> Command:
        """The stand-in provider, which knows nothing about the other processes."""
        return self._python(
            "provider",
            ("deploy.local.provider",),
            {"SMELT_STANDIN_LISTEN": f"127.0.0.1:{port}"},
            part=PROVIDER,
            health_port=port,
            health_path="/healthz",
        )

    def _process(self, name: str, service: str, arguments: tuple[str, ...], **more: str) -> Command:
        port = self.addresses.health[name]
        return self._command(
            name, service, arguments, SMELT_HEALTH_LISTEN=f"127.0.0.1:{port}", health_port=port, **more
        )

    def _command(
        self,
        name: str,
        service: str,
        arguments: tuple[str, ...],
        *,
        health_port: int | None = None,
        **more: str,
    ) -> Command:
        environment = {
            **TO_TRY_OUT.get(service, {}),
            **_from_person(service),
            **self.addresses.peers(),
            **tls(self.certificates.identity(service)),
            **self.own.get(service, {}),
            **more,
        }
        module = f"services.{service}"
        return self._python(name, (module, *arguments), environment, part=service, health_port=health_port)

    def _python(
        self,
        name: str,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        *,
        part: str = "",
        health_port: int | None = None,
        health_path: str = "/ready",
    ) -> Command:
        return Command(
            name,
            (str(self.runtime.python), "-m", *arguments),
            self.directory,
            {**environment, **self.runtime.environment()},
            ready=answers_200(health_port, health_path) if health_port else lambda: True,
            user=self.identities.of(part),
            stop_seconds=15.0 + float(environment.get("SMELT_LAME_DUCK_SECONDS", 0)),
        )


def replicas_of(service: str, count: int) -> list[str]:
    """Return the names of a service's replicas; the first is called as the service is."""
    return [service, *(f"{service}-{number}" for number in range(2, count + 1))]


def service_of(replica: str) -> str:
    """Return the service of a replica."""
    return replica.partition("-")[0]


def tls(identity: Identity) -> dict[str, str]:
    """The settings that name a process's certificate, key and authority."""
    return {
        "SMELT_TLS_CERT_FILE": str(identity.cert_file),
        "SMELT_TLS_KEY_FILE": str(identity.key_file),
        "SMELT_TLS_CA_FILE": str(identity.ca_file),
    }


def python_environment() -> dict[str, str]:
    """What a process needs that runs from the installation itself."""
    return Runtime().environment()


def _from_person(service: str) -> dict[str, str]:
    names = (*EVERYONE, *PASSED_ON[service])
    return {name: os.environ[name] for name in names if os.environ.get(name)}
