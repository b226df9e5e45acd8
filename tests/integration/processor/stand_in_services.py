"""Stand-ins for files and auth, as far as the processor calls them, and the world that they know."""

import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from smelt.auth.v1 import grants_pb2, grants_pb2_grpc
from smelt.files.v1 import files_pb2, files_pb2_grpc, results_pb2, results_pb2_grpc, rows_pb2, rows_pb2_grpc

from services.common import identity
from services.common.errors import DomainError, Kind
from tests.support.vault.stand_in import VaultStandIn

_GRANT_SECONDS = 600
_WEBHOOK_SECONDS = 14 * 86400


class Refused(DomainError):
    """A refusal with a given reason."""

    def __init__(self, reason: str, kind: Kind) -> None:
        self.reason, self.kind = reason, kind
        super().__init__(reason)


@dataclass
class StoredFile:
    """A file of an account."""

    account: str
    columns: list[str]
    rows: list[list[str]]
    guessed_encoding: str = ""
    sample_line: str = ""
    deleted: bool = False
    #: Further fields of the file, such as its delimiter.
    more: dict[str, Any] = field(default_factory=dict)
    #: How often somebody asked whether it is there.
    checks: int = 0
    #: What reading its rows is refused with, while it is there for everybody else.
    unreadable: Refused | None = None


@dataclass
class World:
    """What files and auth know, and what they saw."""

    files: dict[str, StoredFile] = field(default_factory=dict)
    results: dict[tuple[str, str], tuple[int, int, bytes]] = field(default_factory=dict)
    #: (purpose, key, budget) of each minted grant.
    minted: list[tuple[str, str, int]] = field(default_factory=list)

    def add_file(self, columns: list[str], rows: list[list[str]], account: str = "ada", **more: Any) -> str:
        """Store a file and return its name."""
        name = f"files/{secrets.token_hex(8)}"
        self.files[name] = StoredFile(account, columns, rows, more=more)
        return name


class FilesStandIn(
    files_pb2_grpc.FileServiceServicer,
    rows_pb2_grpc.RowServiceServicer,
    results_pb2_grpc.ResultServiceServicer,
):
    def __init__(self, world: World) -> None:
        self._world = world

    def _find(self, name: str) -> StoredFile:
        who = identity.proof()
        found = self._world.files.get(name)
        if found is None or found.account != who.account or found.deleted:
            raise Refused("FILE_NOT_FOUND", Kind.NOT_FOUND)
        return found

    async def GetFile(self, request: Any, context: Any) -> Any:
        found = self._find(request.name)
        return files_pb2.File(
            name=request.name,
            row_count=len(found.rows),
            columns=[files_pb2.File.Column(name=column) for column in found.columns],
            parse=1,
            encoding_guessed=bool(found.guessed_encoding),
            sample_line=found.sample_line,
            **{"encoding": found.guessed_encoding, **found.more},
        )

    async def ReadRows(self, request: Any, context: Any) -> AsyncIterator[Any]:
        found = self._find(request.file)
        if found.unreadable is not None:
            raise found.unreadable
        last = min(request.first + request.count - 1, len(found.rows))
        for start in range(request.first, last + 1, 100):
            stop = min(start + 99, last)
            yield rows_pb2.ReadRowsResponse(
                rows=[
                    files_pb2.Row(number=number, cells=found.rows[number - 1])
                    for number in range(start, stop + 1)
                ]
            )

    async def CheckFile(self, request: Any, context: Any) -> Any:
        self._find(request.file).checks += 1
        return rows_pb2.CheckFileResponse()

    async def WriteResult(self, requests: Any, context: Any) -> Any:
        header, data = None, bytearray()
        async for request in requests:
            if header is None:
                header = request.header
            else:
                assert len(request.data) <= 1024 * 1024
                data += request.data
        assert header is not None
        place = (header.job, header.variant)
        if place in self._world.results and self._world.results[place][0] > header.fence:
            raise Refused("RESULT_STALE", Kind.CONFLICT)
        self._world.results[place] = header.fence, header.row_count, bytes(data)
        return self._about(place)

    async def DeleteResults(self, request: Any, context: Any) -> Any:
        for job, variant in [*self._world.results]:
            if job == request.job:
                del self._world.results[job, variant]
        return results_pb2.DeleteResultsResponse()

    async def ReadResult(self, request: Any, context: Any) -> AsyncIterator[Any]:
        place = (request.job, request.variant)
        if place not in self._world.results:
            raise Refused("RESULT_NOT_FOUND", Kind.NOT_FOUND)
        yield results_pb2.ReadResultResponse(result=self._about(place))
        data = self._world.results[place][2]
        for start in range(0, len(data), 256 * 1024):
            yield results_pb2.ReadResultResponse(data=data[start : start + 256 * 1024])

    def _about(self, place: tuple[str, str]) -> Any:
        _, rows, data = self._world.results[place]
        return results_pb2.Result(
            job=place[0],
            variant=place[1],
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            row_count=rows,
        )


class AuthStandIn(grants_pb2_grpc.GrantServiceServicer):
    def __init__(self, vault: VaultStandIn, world: World) -> None:
        self._vault = vault
        self._world = world

    async def MintJobGrant(self, request: Any, context: Any) -> Any:
        grant_id = secrets.token_hex(8)
        purpose = grants_pb2.MintJobGrantRequest.Purpose.Name(request.purpose).lower().replace("_", "-")
        expires = int(time.time()) + (_WEBHOOK_SECONDS if purpose == "webhook" else _GRANT_SECONDS)
        if purpose != "webhook":
            self._world.minted.append((purpose, request.api_key, request.release_budget))
        token = self._vault.grant(
            identity.passport(context).account,
            jti=grant_id,
            exp=expires,
            purpose=purpose,
            job=request.job,
            file=request.file,
            parse=request.parse,
            api_key=request.api_key,
            first_row=request.first_row,
            last_row=request.last_row,
            template_count=request.template_count,
            release_budget=request.release_budget,
            **({"economy": True} if request.economy else {}),
        )
        answer = grants_pb2.MintJobGrantResponse(
            grant=token, grant_id=grant_id, sealed_grant=self._vault.grants.seal(token)
        )
        answer.expire_time.FromSeconds(expires)
        return answer
