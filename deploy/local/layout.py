"""The layout of the embedded stack's state directory."""

from dataclasses import dataclass
from pathlib import Path

from deploy.local import accounts
from deploy.local.errors import CannotStart
from deploy.local.secret_files import private_directory, random_secret


@dataclass(frozen=True, slots=True)
class Layout:
    """The state directory. Other users may read `stack.json` and the CA's certificate in it, nothing else."""

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

    def make(self) -> None:
        """Create the directory and its subdirectories, or raise `CannotStart` with the reason."""
        user = accounts.postgres_user()
        try:
            # Checked before, so that an unusable directory is not created, and again after creating it.
            accounts.check_reachable(user, self.state)
            self.state.mkdir(mode=0o755, parents=True, exist_ok=True)
            accounts.check_reachable(user, self.state)
            for room in (self.logs, self.secrets, self.vault, self.vault / "ledger", self.gateway):
                private_directory(room)
            random_secret(self.secrets / "writable")
        except OSError as error:
            raise CannotStart(
                f"the state directory {self.state} is not writable ({error.strerror}): "
                "set SMELT_STATE_DIR to one that is"
            ) from None
