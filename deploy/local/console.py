"""Where the gateway finds the built web console, if there is one."""

import shutil
from pathlib import Path

from deploy.local.runtime import ROOT, copy_trees
from deploy.local.settings import LauncherSettings

#: Where `make console` builds it.
BUILT = ROOT / "console" / "dist"
_START_PAGE = "index.html"


def console_folder(settings: LauncherSettings, room: Path, *, shared: bool) -> Path | None:
    """Return the folder with the built console, or None. The one that a person has named must be there: the
    gateway refuses to start otherwise. If the gateway has a user of its own (`shared`), it gets a copy in
    `room`, because that user may not be able to enter the folder."""
    built = settings.console_dir or BUILT
    if settings.console == "off" or not (built / _START_PAGE).is_file():
        return settings.console_dir
    if not shared:
        return built.resolve()
    copy = room / "console"
    shutil.rmtree(copy, ignore_errors=True)
    copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    copy_trees(built.parent, copy, (built.name,))
    return copy / built.name
