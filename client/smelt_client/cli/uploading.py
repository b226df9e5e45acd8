"""Shows an upload's progress: a bar that fills as bytes are sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from .. import transfers
from .printing import Output, clean


@contextmanager
def bar(out: Output, path: Path) -> Iterator[transfers.Progress]:
    """Yield the callback for the upload's progress."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=out.messages, transient=True) as progress:
        task = progress.add_task(clean(path.name), total=path.stat().st_size)
        yield lambda sent: progress.update(task, completed=sent)
