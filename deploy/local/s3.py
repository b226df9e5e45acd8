"""An S3 server on a directory: `rclone serve s3`, with a random key pair."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import accounts, binaries
from deploy.local.probes import http_status
from deploy.local.processes import Command
from deploy.local.runtime import Runtime
from deploy.local.secret_files import random_secret, write_secret
from deploy.local.users import User

BUCKET = "smelt"
KEY_FILE = "key.json"
REGION = "us-east-1"
ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """The server that stores encrypted objects; a bucket is a directory in `home`."""

    port: int
    home: Path
    secrets: Path
    user: User | None = None
    runtime: Runtime = field(default_factory=Runtime)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def access_key_file(self) -> Path:
        return self.secrets / "s3-access.key"

    @property
    def secret_key_file(self) -> Path:
        return self.secrets / "s3-secret.key"

    def keys(self, *, reader: User | None = None) -> tuple[str, str]:
        """Access key and secret key, created at the first call; `reader` is who else uses them."""
        made = random_secret(self.access_key_file), random_secret(self.secret_key_file)
        for path in (self.access_key_file, self.secret_key_file):
            accounts.give(path, reader)
        return made

    def command(self) -> Command:
        """How to serve it. The directory cache keeps its default: without it every request lists the
        directory, and transfers become ten times slower."""
        accounts.private_room(self.home, self.user)
        objects, cache = self.home / "objects", self.home / "cache"
        for room in (objects, objects / BUCKET, cache):
            accounts.private_room(room, self.user)
        argv = [str(self.runtime.at(binaries.rclone())), "serve", "s3", "--addr", f"127.0.0.1:{self.port}"]
        # The reader verifies each piece; a digest of the whole object was most of the cost of reading.
        argv += ["--no-checksum", "--config", "/dev/null", "--cache-dir", str(cache)]
        # rclone takes a key pair from its arguments, from its environment, or from a program that it asks for
        # the secret of an access key. `ps` and /proc show the first two; this program prints a file. The name
        # is relative to the directory that rclone runs in, because rclone splits the command at spaces.
        argv += ["--auth-proxy", f"/bin/cat {KEY_FILE}"]
        _, secret_key = self.keys()
        told = {"type": "local", "_root": str(objects), "_secret_access_key": secret_key}
        write_secret(self.home / KEY_FILE, json.dumps(told), owner=self.user)
        return Command("s3", tuple(argv), self.home, ready=self.serves, user=self.user)

    def serves(self) -> bool:
        """Whether it responds; the response to an unsigned request is a refusal."""
        return http_status(self.port, f"/{BUCKET}") in (400, 403)

    def sweep(self, now: float | None = None) -> None:
        """Remove what unfinished uploads have left behind."""
        oldest = (time.time() if now is None else now) - ABANDONED_SECONDS
        for path in (self.home / "objects").rglob(".rclone_temp*"):
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
