"""The embedded stack as a list: every process, what it waits for, and its settings."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import accounts
from deploy.local.accounts import GATEWAY, Identities
from deploy.local.backups import LocalBackups
from deploy.local.certificates import EDGE, SERVICES, Certificates
from deploy.local.console import console_folder
from deploy.local.envoy import Gateway
from deploy.local.graph import Step, reversed_steps, run_steps
from deploy.local.layout import Layout
from deploy.local.pids import Register
from deploy.local.ports import PortBlock
from deploy.local.postgres import Cluster
from deploy.local.processes import Child, Command, Say, run_once, silent
from deploy.local.runtime import ROOT, reachable
from deploy.local.secret_files import write_secret
from deploy.local.services import Addresses, Services, replicas_of
from deploy.local.settings import LauncherSettings
from deploy.local.signals import Flag
from deploy.local.stores import Stores
from gateway.console_files import FOLDER

READY_SECONDS = 60.0


@dataclass(slots=True)
class Stack:
    """All processes of one state directory. `stopping` ends every wait; `hurry` kills instead of waiting."""

    settings: LauncherSettings
    layout: Layout
    register: Register
    stores: Stores
    services: Services
    gateway: Gateway
    provider_port: int
    stopping: Flag
    backups: LocalBackups | None = None
    hurry: Flag = field(default_factory=Flag)
    children: dict[str, Child] = field(default_factory=dict)
    #: Tells the person what a start waits for.
    say: Say = silent

    @property
    def provider_url(self) -> str:
        """The base URL of the stand-in provider."""
        return f"http://127.0.0.1:{self.provider_port}/v1"

    @property
    def has_console(self) -> bool:
        """Whether the gateway serves a web console."""
        return (self.layout.gateway / FOLDER).is_dir()

    def steps(self) -> list[Step]:
        """Everything a start does, in dependency order."""
        services, stores = self.services, self.stores
        steps = [
            Step("postgres", lambda: self._serve_cluster(stores.postgres)),
            Step("keystore", lambda: self._serve_cluster(stores.keystore)),
            Step("valkey", lambda: self._serve(stores.valkey.command())),
            Step("s3", self._serve_objects),
            Step("provider", lambda: self._serve(services.provider(self.provider_port))),
            Step("gateway-render", self._render_gateway),
            Step("auth-migrate", self._migrate("auth"), ("postgres",)),
            Step("vault-migrate", self._migrate("vault"), ("postgres", "keystore")),
            Step("files-migrate", self._migrate("files"), ("postgres",)),
            Step("processor-migrate", self._migrate("processor"), ("postgres",)),
            Step("vault-init", self._initialise_vault, ("vault-migrate",)),
            *self._replicas("vault", "vault-init"),
            *self._replicas("auth", "auth-migrate", "vault"),
            *self._replicas("files", "files-migrate", "s3", "auth", "vault"),
            *self._replicas("processor", "processor-migrate", "valkey", "auth", "vault"),
            *(
                Step(f"worker-{number}", self._worker(number), ("processor", "files", "provider"))
                for number in range(1, self.settings.workers + 1)
            ),
            Step("envoy", lambda: self._serve(self.gateway.command()), ("gateway-render", *self._all())),
        ]
        if self.backups:
            steps += [
                Step(command.name, self._server(command), ("postgres",))
                for command in self.backups.commands()
            ]
        if self.settings.managed_api_key_file:
            steps.append(Step("managed-key", self._load_managed_key, ("vault",)))
        return steps

    def _all(self) -> list[str]:
        return [replica for name in SERVICES for replica in replicas_of(name, self.settings.replicas)]

    def _replicas(self, service: str, *after: str) -> list[Step]:
        return [
            Step(replica, self._service(replica), after)
            for replica in replicas_of(service, self.settings.replicas)
        ]

    def start(self) -> None:
        """Start everything and return once all of it is ready."""
        run_steps(self.steps(), cancel=self.stopping.set)

    def stop(self) -> None:
        """Stop everything that runs, each process after those that depend on it."""
        self.stopping.set()
        after = {step.name: step.after for step in self.steps()}
        stops = {name: self._stopper(child) for name, child in self.children.items()}
        run_steps(reversed_steps(after, stops), cancel=self.hurry.set)

    def _stopper(self, child: Child) -> Callable[[], None]:
        def stop() -> None:
            # An error with one process must not keep the others from being stopped.
            with contextlib.suppress(OSError):
                child.stop(self.hurry)

        return stop

    def _serve(self, command: Command) -> None:
        child = Child(command, logs=self.layout.logs, register=self.register)
        self.children[command.name] = child
        child.start()
        child.wait_ready(READY_SECONDS, self.stopping, say=self.say)

    def _server(self, command: Command) -> Callable[[], None]:
        return lambda: self._serve(command)

    def _once(self, command: Command) -> None:
        run_once(command, logs=self.layout.logs, register=self.register, stopping=self.stopping)

    def _serve_cluster(self, cluster: Cluster) -> None:
        cluster.initialise(logs=self.layout.logs, register=self.register, stopping=self.stopping)
        self._serve(cluster.command())
        cluster.prepare()

    def _serve_objects(self) -> None:
        self.stores.s3.sweep()
        self._serve(self.stores.s3.command())

    def _render_gateway(self) -> None:
        gateway = self.gateway
        console = console_folder(
            self.settings, self.layout.runtime, shared=self.services.identities.of(GATEWAY) is not None
        )
        self._once(
            self.services.render_gateway(
                gateway.home,
                port=gateway.port,
                admin_socket=gateway.admin_socket,
                console=console,
                told={
                    "SMELT_STAND_IN_URL": self.provider_url,
                    "SMELT_MANAGED_KEY": str(self.settings.managed_api_key_file is not None),
                },
            )
        )

    def _migrate(self, service: str) -> Callable[[], None]:
        return lambda: self._once(self.services.once(service, "migrate"))

    def _service(self, replica: str) -> Callable[[], None]:
        return lambda: self._serve(self.services.serve(replica))

    def _worker(self, number: int) -> Callable[[], None]:
        return lambda: self._serve(self.services.worker(number))

    def _initialise_vault(self) -> None:
        # The vault itself refuses to create keys where data exists; the mark only saves a run at each start.
        mark = self.layout.vault / "initialised"
        if not mark.exists():
            self._once(self.services.once("vault", "init"))
            write_secret(mark, "")

    def _load_managed_key(self) -> None:
        base_url, secret_file = str(self.settings.provider_base_url), str(self.settings.managed_api_key_file)
        self._once(
            self.services.operator(
                "vault", "managed-key", "--base-url", base_url, "--secret-file", secret_file
            )
        )


def build(
    settings: LauncherSettings,
    layout: Layout,
    *,
    ports: PortBlock,
    register: Register,
    code: Path,
    identities: Identities,
    stopping: Flag,
) -> Stack:
    """The stack of a state directory: ports chosen, passwords and certificates created, nothing started."""
    certificates = Certificates(layout.certificates)
    certificates.ensure()
    for name, part in (*((name, name) for name in SERVICES), ("gateway", GATEWAY), (EDGE, GATEWAY)):
        accounts.give(certificates.identity(name).key_file, identities.of(part))
    runtime = reachable(list(identities.users.values()), layout.runtime)
    _check_writable(settings, identities)
    # The order of these lines determines the ports, so that they are the same at every start.
    stores = Stores.over(layout, ports, identities, runtime, backed_up=settings.backups)
    provider_port = ports.take()
    served = {name: ports.take() for name in SERVICES}
    health = {name: ports.take() for name in SERVICES}
    health |= {f"worker-{number + 1}": ports.take() for number in range(settings.workers)}
    for replica in (each for name in SERVICES for each in replicas_of(name, settings.replicas)[1:]):
        served[replica], health[replica] = ports.take(), ports.take()
    address = f"127.0.0.1:{provider_port}"
    own = stores.told(settings, layout, provider_address=address, identities=identities)
    gateway = Gateway(
        settings.gateway_port or ports.take(),
        layout.gateway,
        certificates.ca_file,
        layout.admin_socket,
        identities.of(GATEWAY),
        runtime,
    )
    backups = None
    if settings.backups:
        code_room = runtime.code if code == ROOT else code
        backups = LocalBackups(layout, stores.postgres, identities, runtime, code_room, ports.take())
        backups.furnish()
        for service, told in backups.tied().items():
            own[service] |= told
        own["vault"] |= backups.told_vault()
    # By default, people reach the stack at the gateway's address.
    own["auth"].setdefault("SMELT_PUBLIC_URL", os.environ.get("SMELT_PUBLIC_URL") or gateway.url)
    return Stack(
        settings,
        layout,
        register,
        stores,
        Services(
            certificates,
            Addresses(served, health),
            own,
            runtime.code if code == ROOT else code,
            identities,
            runtime,
        ),
        gateway,
        provider_port,
        stopping,
        backups,
    )


def _check_writable(settings: LauncherSettings, identities: Identities) -> None:
    """Directories that a person has named must belong to the service that writes in them."""
    if settings.mail_dir:
        directory = settings.mail_dir.resolve()
        accounts.check_writable(identities.of("auth"), directory, setting="SMELT_MAIL_DIR")
    backups = "SMELT_VAULT_KEYSTORE_BACKUP_DIRS"
    for entry in os.environ.get(backups, "").split(","):
        if entry.strip():
            directory = Path(entry.strip()).resolve()
            accounts.check_writable(identities.of("vault"), directory, setting=backups)
