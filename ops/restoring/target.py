"""The data directory that a restore is for, and the workspace beside it."""

import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ops.errors import OpsError
from ops.postgres.programs import Programs
from ops.state import Json, sync_directory, write_durably


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data lives. Workspace and data are on one disk, so that the last step is a rename."""

    data: Path

    @property
    def workspace(self) -> Path:
        return self.data.with_name(f"{self.data.name}.restore")

    @property
    def state(self) -> Path:
        return self.workspace / "state.json"

    @property
    def wish(self) -> Path:
        return self.workspace / "wish.json"

    @property
    def receipt(self) -> Path:
        """What the last finished restore did."""
        return self.data.with_name(f"{self.data.name}.restored.json")

    def finishing(self) -> Path:
        """Return the state file of what follows the last restore; raise OpsError if there was none."""
        try:
            told = json.loads(self.receipt.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise OpsError(f"no restore of {self.data} was finished here") from None
        begun = int(datetime.fromisoformat(told["time"]).timestamp())
        return self.data.with_name(f"{self.data.name}.finish-{begun}.json")

    def check(self) -> None:
        """Raise OpsError if a server runs on the data, or the place cannot be used."""
        if not self.data.parent.is_dir():
            raise OpsError(f"there is no directory {self.data.parent}")
        if (pid := _server(self.data)) is not None:
            raise OpsError(f"a server runs on {self.data} (pid {pid}): stop it and the services first")

    def open(self, wish: dict[str, Json], programs: Programs) -> None:
        """Begin or continue; raise OpsError if another restore was begun here."""
        with contextlib.suppress(FileNotFoundError):
            begun = json.loads(self.wish.read_text(encoding="utf-8"))
            if begun != wish:
                raise OpsError(
                    f"a restore to {begun['moment']} was begun here and not finished: repeat that command, "
                    "or give it up with `smelt-ops restore abandon`"
                )
            return
        self.workspace.mkdir(mode=0o700, exist_ok=True)
        if programs.uid is not None and programs.gid is not None:
            os.chown(self.workspace, programs.uid, programs.gid)
        write_durably(self.wish, json.dumps(wish))

    def is_there(self, name: str) -> bool:
        """Tell whether something of this name lies beside the data."""
        return self.data.with_name(Path(name).name).exists()

    def swap(self, made: Path) -> Path:
        """Put `made` in place of the data, and return where the data went; repeatable at any line."""
        if (pid := _server(self.data)) is not None:
            raise OpsError(
                f"a server was started on {self.data} (pid {pid}): stop it, and repeat the command"
            )
        aside = self._aside()
        if made.exists():
            if self.data.exists():
                self.data.rename(aside)
                sync_directory(self.data.parent)
            made.rename(self.data)
            sync_directory(self.data.parent)
            sync_directory(made.parent)
        return aside

    def close(self) -> None:
        """Remove the workspace, and leave a note of what was done."""
        told = {"wish": json.loads(self.wish.read_text(encoding="utf-8")), "before": str(self._aside())}
        write_durably(self.receipt, json.dumps({**told, "time": datetime.now(UTC).isoformat()}))
        shutil.rmtree(self.workspace)

    def _aside(self) -> Path:
        """Return the name that the data of before gets, the same at each repetition."""
        begun = self.wish.stat().st_mtime_ns // 1_000_000_000
        return self.data.with_name(f"{self.data.name}.before-{begun}")


def finished(place: Place, wish: dict[str, Json]) -> str | None:
    """Return where the data of before went, if exactly this restore was the last one and is done."""
    try:
        told = json.loads(place.receipt.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if told.get("wish") != wish or place.workspace.exists():
        return None
    return str(told.get("before"))


def _server(data: Path) -> int | None:
    """Return the pid of a server on the data, or None."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, NotADirectoryError, ValueError, IndexError, ProcessLookupError):
        return None
    except PermissionError:
        return pid
    return pid if pid > 0 else None
