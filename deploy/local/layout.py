"""The layout of the embedded stack's state directory."""

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.local import accounts
from deploy.local.accounts import Identities
from deploy.local.errors import CannotStart
from deploy.local.secret_files import private_directory, random_secret
from deploy.local.users import User
from gateway.settings import MAX_SOCKET_BYTES

# Owns nothing, and so can go wherever each of the stack's own users can.
STRANGER = User("the services' users", 2**32 - 3, 2**32 - 3)


@dataclass(frozen=True, slots=True)
class Layout:
    """The state directory. Other users may read `stack.json`, certificates, and copies of programs in it,
    nothing else."""

    state: Path

    @property
    def stack_file(self) -> Path:
        return self.state / "stack.json"

    @property
    def lock_file(self) -> Path:
        return self.state / "launcher.lock"

    @property
    def processes_file(self) -> Path:
        return self.state / "processes.json"

    @property
    def ports_file(self) -> Path:
        return self.state / "ports.json"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def certificates(self) -> Path:
        return self.state / "certs"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def vault(self) -> Path:
        return self.state / "vault"

    @property
    def gateway(self) -> Path:
        return self.state / "gateway"

    @property
    def mail(self) -> Path:
        return self.state / "mail"

    @property
    def runtime(self) -> Path:
        return self.state / "runtime"

    @property
    def identities_file(self) -> Path:
        return self.state / "identities.json"

    @property
    def admin_socket(self) -> Path:
        return self.gateway / "admin.sock"

    def make(self) -> None:
        """Create the directory, or raise `CannotStart` with the reason."""
        if (excess := len(os.fsencode(self.admin_socket)) - MAX_SOCKET_BYTES) > 0:
            raise CannotStart(
                f"the path of the state directory {self.state} is {excess} bytes too long for its socket: "
                "set SMELT_STATE_DIR to a shorter one"
            )
        strangers = [STRANGER] if os.geteuid() == 0 else []
        try:
            # Checked before, so that an unusable directory is not created, and again after creating it.
            accounts.check_reachable(strangers, self.state)
            self.state.mkdir(mode=0o755, parents=True, exist_ok=True)
            accounts.check_reachable(strangers, self.state)
            private_directory(self.secrets)
            random_secret(self.secrets / "writable")
        except OSError as error:
            raise CannotStart(
                f"the state directory {self.state} is not writable ({error.strerror}): "
                "set SMELT_STATE_DIR to one that is"
            ) from None

    def furnish(self, identities: Identities) -> None:
        """Create the subdirectories, each for the user that works in it. Nothing of an earlier start runs."""
        private_directory(self.logs)
        for room, part in (
            (self.vault, "vault"),
            (self.vault / "ledger", "vault"),
            (self.gateway, accounts.GATEWAY),
            (self.mail, "auth"),
        ):
            accounts.private_room(room, identities.of(part))
        if identities.users:
            # Each reads its own files there by their names, and nobody can list them.
            self.secrets.chmod(0o711)
