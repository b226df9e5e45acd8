"""A person's own data: what happened to the account, everything as an archive, and the end of it all."""

from __future__ import annotations

import asyncio
import time
from os import PathLike
from pathlib import Path
from typing import Any

from .call import (
    AsyncResource,
    Call,
    Resource,
    async_paging,
    awaiting,
    blocking,
    getting,
    listing,
    named,
    nothing,
    paging,
    reading,
)
from .errors import TimedOut
from .models import AuditEvent, DataExport, Page

_LOOK_SECONDS = 1.0


def create_data_export() -> Call[DataExport]:
    """Begin an export of everything, or return the one that is under way."""
    return Call("POST", "/v1/dataExports", reading(DataExport), body={}, repeatable=True)


def list_data_exports(*, page_size: int | None = None) -> Call[Page[DataExport]]:
    """Go through all exports."""
    return listing(DataExport, "dataExports", "data_exports", page_size=page_size)


def get_data_export(name: str) -> Call[DataExport]:
    """Return how far an export is."""
    return getting(DataExport, "dataExports", name)


def download_data_export(name: str) -> Call[Any]:
    """Ask for the archive of an export."""
    return Call("GET", f"/v1/{named('dataExports', name)}:download", nothing)


def list_audit_events(*, page_size: int | None = None) -> Call[Page[AuditEvent]]:
    """Go through what happened to the account and its keys, newest first."""
    return listing(AuditEvent, "auditEvents", "audit_events", page_size=page_size)


def delete_account(password: str) -> Call[None]:
    """End the account for good; everything of it is removed."""
    return Call("POST", "/v1/users/me:delete", nothing, body={"password": password})


class Account(Resource):
    """The account itself; all but the events take a session, not an access token."""

    events = paging(list_audit_events)
    create_export = blocking(create_data_export)
    exports = paging(list_data_exports)
    export = blocking(get_data_export)
    delete = blocking(delete_account)

    def wait_export(self, name: str, *, seconds: float = 3600.0) -> DataExport:
        """Return an export once it has ended, well or not; raise TimedOut."""
        until = time.monotonic() + seconds
        while not (found := self.export(name)).is_ended:
            if time.monotonic() > until:
                raise TimedOut("the export is still being assembled; check again later")
            time.sleep(_LOOK_SECONDS)
        return found

    def download_export(self, name: str, path: str | PathLike[str], *, sha256: str = "") -> int:
        """Write an archive to `path` once it is whole; return its length in bytes."""
        return self._sender.receive(download_data_export(name), Path(path), sha256=sha256)


class AsyncAccount(AsyncResource):
    """The account itself; all but the events take a session, not an access token."""

    events = async_paging(list_audit_events)
    create_export = awaiting(create_data_export)
    exports = async_paging(list_data_exports)
    export = awaiting(get_data_export)
    delete = awaiting(delete_account)

    async def wait_export(self, name: str, *, seconds: float = 3600.0) -> DataExport:
        """Return an export once it has ended, well or not; raise TimedOut."""
        until = time.monotonic() + seconds
        while not (found := await self.export(name)).is_ended:
            if time.monotonic() > until:
                raise TimedOut("the export is still being assembled; check again later")
            await asyncio.sleep(_LOOK_SECONDS)
        return found

    async def download_export(self, name: str, path: str | PathLike[str], *, sha256: str = "") -> int:
        """Write an archive to `path` once it is whole; return its length in bytes."""
        return await self._sender.receive(download_data_export(name), Path(path), sha256=sha256)
