"""What has been done of a piece of work that may be killed at any line: one JSON file of finished steps.

The file is replaced atomically and is durable before a step counts as done. A process that is killed between
the end of a step and its record does the step again, so every step must be one that may be repeated.
"""

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Steps:
    """The recorder of one piece of work. `within` gives one that writes in the same file, under a prefix."""

    path: Path
    prefix: str = ""

    async def once(self, name: str, action: Callable[[], Awaitable[Json]]) -> Json:
        """Return what the step gave: of an earlier run if it is recorded as done, else of `action`, now."""
        full = self.prefix + name
        done = self.done()
        if full in done:
            return done[full]
        result = await action()
        self._record(full, result)
        return result

    def within(self, prefix: str) -> "Steps":
        """Return a recorder whose names begin with `prefix` and a dot."""
        return Steps(self.path, f"{self.prefix}{prefix}.")

    def done(self) -> dict[str, Json]:
        """Return every finished step of the file, with what it gave."""
        try:
            steps: dict[str, Json] = json.loads(self.path.read_text(encoding="utf-8"))["steps"]
        except FileNotFoundError:
            return {}
        return steps

    def _record(self, name: str, result: Json) -> None:
        write_durably(self.path, json.dumps({"steps": {**self.done(), name: result}}, indent=1))


def write_durably(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace a file atomically; its new content outlives a power cut from the moment of return."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
