"""The account as a whole: its history, an archive of its data, and its deletion."""

from __future__ import annotations

import asyncio
import time
from os import PathLike
from pathlib import Path
from typing import Any

from .call import Call, ResourceName, getting, listing, named, nothing, reading
from .errors import TimedOut
from .methods import AsyncResource, Resource, async_paging, awaiting, blocking, paging
from .models import AuditEvent, DataExport, Page

_LOOK_SECONDS = 1.0


def create_data_export() -> Call[DataExport]:
    """Start an export of everything, or return the one in progress."""
    return Call("POST", "/v1/dataExports", reading(DataExport), body={}, repeatable=True)


def list_data_exports(*, page_size: int | None = None) -> Call[Page[DataExport]]:
    """Iterate over all exports."""
    return listing(DataExport, "dataExports", "data_exports", page_size=page_size)


def get_data_export(name: ResourceName) -> Call[DataExport]:
    """Return an export and its progress."""
    return getting(DataExport, "dataExports", name)


def download_data_export(name: ResourceName) -> Call[Any]:
    """Request the archive of an export."""
    return Call("GET", f"/v1/{named('dataExports', name)}:download", nothing)


def list_audit_events(*, page_size: int | None = None) -> Call[Page[AuditEvent]]:
    """Iterate over the history of the account and its keys, newest first."""
    return listing(AuditEvent, "auditEvents", "audit_events", page_size=page_size)


def delete_account(password: str) -> Call[None]:
    """Delete the account and everything in it, for good."""
    return Call("POST", "/v1/users/me:delete", nothing, body={"password": password})


class Account(Resource):
    """The account itself. Everything except the events needs a session, not an access token."""

    events = paging(list_audit_events)
    create_export = blocking(create_data_export)
    exports = paging(list_data_exports)
    export = blocking(get_data_export)
    delete = blocking(delete_account)

    def wait_export(self, name: ResourceName, *, seconds: float = 3600.0) -> DataExport:
        """Return an export once it has completed, failed or expired; raise TimedOut after `seconds`."""
        until = time.monotonic() + seconds
        while not (found := self.export(name)).is_ended:
            if time.monotonic() > until:
                raise TimedOut("the export is still being assembled; check again later")
            time.sleep(_LOOK_SECONDS)
        return found

    def download_export(self, name: ResourceName, path: str | PathLike[str], *, sha256: str = "") -> int:
        """Download an archive to `path`, which is written only if it is whole; return its length in bytes."""
        return self._sender.receive(download_data_export(name), Path(path), sha256=sha256)

    def save_export(self, path: str | PathLike[str]) -> int:
        """Export everything to a ZIP at `path`, once it is assembled; return its length in bytes."""
        return self.download_export(self.wait_export(self.create_export().name).name, path)


class AsyncAccount(AsyncResource):
    """The account itself. Everything except the events needs a session, not an access token."""

    events = async_paging(list_audit_events)
    create_export = awaiting(create_data_export)
    exports = async_paging(list_data_exports)
    export = awaiting(get_data_export)
    delete = awaiting(delete_account)

    async def wait_export(self, name: ResourceName, *, seconds: float = 3600.0) -> DataExport:
        """Return an export once it has completed, failed or expired; raise TimedOut after `seconds`."""
        until = time.monotonic() + seconds
        while not (found := await self.export(name)).is_ended:
            if time.monotonic() > until:
                raise TimedOut("the export is still being assembled; check again later")
            await asyncio.sleep(_LOOK_SECONDS)
        return found

    async def download_export(
        self, name: ResourceName, path: str | PathLike[str], *, sha256: str = ""
    ) -> int:
        """Download an archive to `path`, which is written only if it is whole; return its length in bytes."""
        return await self._sender.receive(download_data_export(name), Path(path), sha256=sha256)

    async def save_export(self, path: str | PathLike[str]) -> int:
        """Export everything to a ZIP at `path`, once it is assembled; return its length in bytes."""
        made = await self.create_export()
        return await self.download_export((await self.wait_export(made.name)).name, path)
