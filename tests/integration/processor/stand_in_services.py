"""Stand-ins for vault, files and auth, as far as the processor calls them, and the world that they know."""

import hashlib
import hmac
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
from smelt.auth.v1 import grants_pb2, grants_pb2_grpc
from smelt.files.v1 import files_pb2, files_pb2_grpc, results_pb2, results_pb2_grpc, rows_pb2, rows_pb2_grpc
from smelt.vault.v1 import (
    api_keys_pb2,
    api_keys_pb2_grpc,
    data_keys_pb2,
    data_keys_pb2_grpc,
    release_pb2,
    release_pb2_grpc,
    signing_pb2,
    signing_pb2_grpc,
    webhooks_pb2,
    webhooks_pb2_grpc,
)

from services.common import identity
from services.common.errors import DomainError, Kind
from services.common.rpc.errors import status_of

ISSUER = "test-installation"
KEY_ID = "test-1"
SECRET = "sk-test-key-of-the-processors-tests"


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
    deleted: bool = False


@dataclass
class World:
    """What the stand-ins know, and which calls they saw."""

    base_url: str = ""
    active_key: str = "apiKeys/one"
    files: dict[str, StoredFile] = field(default_factory=dict)
    results: dict[tuple[str, str], tuple[int, int, bytes]] = field(default_factory=dict)
    data_keys: dict[bytes, tuple[str, bytes]] = field(default_factory=dict)
    uses: set[tuple[str, int, int, int, int]] = field(default_factory=set)
    grants: dict[bytes, str] = field(default_factory=dict)
    budgets: dict[str, int] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    no_key: bool = False
    key_deleted: bool = False
    #: How many more releases the vault will refuse because it cannot record them.
    unavailable_releases: int = 0
    streams: int = 0
    #: (account, key, result) of each reported test.
    key_tests: list[tuple[str, str, str]] = field(default_factory=list)
    #: (purpose, key, budget) of each minted grant.
    minted: list[tuple[str, str, int]] = field(default_factory=list)
    #: Webhook secrets by their wrapped form, each with its binding, and the recorded changes.
    webhook_secrets: dict[bytes, tuple[tuple[str, str, int], bytes]] = field(default_factory=dict)
    webhook_changes: list[tuple[str, str, str]] = field(default_factory=list)
    unsigned_until: float = 0.0

    def add_file(self, columns: list[str], rows: list[list[str]], account: str = "ada") -> str:
        """Store a file and return its name."""
        name = f"files/{secrets.token_hex(8)}"
        self.files[name] = StoredFile(account, columns, rows)
        return name


class VaultStandIn(
    api_keys_pb2_grpc.ApiKeyDirectoryServiceServicer,
    data_keys_pb2_grpc.DataKeyServiceServicer,
    release_pb2_grpc.KeyReleaseServiceServicer,
    signing_pb2_grpc.SigningServiceServicer,
    webhooks_pb2_grpc.WebhookSecretServiceServicer,
):
    def __init__(self, world: World, public: Any) -> None:
        self._world = world
        self._public = public

    async def GetVerificationKeys(self, request: Any, context: Any) -> Any:
        answer = signing_pb2.GetVerificationKeysResponse(issuer=ISSUER)
        for kind in (signing_pb2.SESSION, signing_pb2.PASSPORT, signing_pb2.GRANT):
            answer.keys.add(kind=kind, key_id=KEY_ID, public_key=self._public.public_bytes_raw())
        return answer

    async def DescribeApiKey(self, request: Any, context: Any) -> Any:
        if self._world.no_key:
            raise Refused("NO_API_KEY", Kind.PRECONDITION)
        return api_keys_pb2.DescribeApiKeyResponse(
            name=request.name or self._world.active_key, base_url=self._world.base_url, hint="ests"
        )

    async def RecordKeyTest(self, request: Any, context: Any) -> Any:
        result = api_keys_pb2.ApiKey.TestResult.Name(request.result)
        self._world.key_tests.append((identity.passport(context).account, request.name, result))
        answer = api_keys_pb2.RecordKeyTestResponse()
        answer.test_time.FromSeconds(1_800_000_000)
        return answer

    async def CreateDataKey(self, request: Any, context: Any) -> Any:
        key, wrapped = secrets.token_bytes(32), secrets.token_bytes(60)
        self._world.data_keys[wrapped] = request.context.object, key
        return data_keys_pb2.CreateDataKeyResponse(key=key, wrapped_key=wrapped)

    async def OpenDataKey(self, request: Any, context: Any) -> Any:
        who = identity.proof(context)
        name, key = self._world.data_keys[request.wrapped_key]
        if name != request.context.object or getattr(who, "job", name) != name:
            raise Refused("DATA_KEY_INVALID", Kind.INVALID)
        return data_keys_pb2.OpenDataKeyResponse(key=key)

    async def CreateWebhookSecret(self, request: Any, context: Any) -> Any:
        secret, wrapped = secrets.token_bytes(32), secrets.token_bytes(60)
        about = identity.passport(context).account, request.webhook, request.generation
        self._world.webhook_secrets[wrapped] = about, secret
        return webhooks_pb2.CreateWebhookSecretResponse(secret=secret, wrapped_secret=wrapped)

    async def RecordWebhookChange(self, request: Any, context: Any) -> Any:
        change = webhooks_pb2.RecordWebhookChangeRequest.Change.Name(request.change)
        account = identity.passport(context).account
        self._world.webhook_changes.append((account, request.webhook, change))
        return webhooks_pb2.RecordWebhookChangeResponse()

    async def SignWebhook(self, request: Any, context: Any) -> Any:
        if time.monotonic() < self._world.unsigned_until:
            raise Refused("UNAVAILABLE", Kind.UNAVAILABLE)
        answer = webhooks_pb2.SignWebhookResponse()
        for each in request.secrets:
            about, secret = self._world.webhook_secrets[each.wrapped_secret]
            if about != (request.account, request.webhook, each.generation):
                raise Refused("WEBHOOK_SECRET_INVALID", Kind.DAMAGED)
            answer.signatures.append(hmac.digest(secret, request.content, "sha256"))
        return answer

    async def RevokeGrant(self, request: Any, context: Any) -> Any:
        self._world.revoked.add(request.grant_id)
        return release_pb2.RevokeGrantResponse()

    async def ReleaseApiKeys(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        self._world.streams += 1
        shown: dict[bytes, str] = {}
        async for request in requests:
            answer = release_pb2.ReleaseApiKeysResponse(id=request.id)
            try:
                self._release(request, shown)
                answer.released.secret = SECRET.encode()
                answer.released.base_url = self._world.base_url
            except Refused as error:
                answer.refused.CopyFrom(status_of(error))
            yield answer

    def _release(self, request: Any, shown: dict[bytes, str]) -> None:
        world = self._world
        if request.grant:
            assert hashlib.sha256(request.grant.encode()).digest() == request.grant_sha256
            claims = jwt.decode(request.grant, options={"verify_signature": False})
            shown[request.grant_sha256] = claims["jti"]
            world.budgets.setdefault(claims["jti"], claims["release_budget"])
        if world.unavailable_releases > 0:
            world.unavailable_releases -= 1
            raise Refused("AUDIT_UNAVAILABLE", Kind.UNAVAILABLE)
        grant = shown.get(request.grant_sha256)
        if grant is None:
            raise Refused("GRANT_INVALID", Kind.FORBIDDEN)
        if grant in world.revoked:
            raise Refused("GRANT_REVOKED", Kind.FORBIDDEN)
        if world.key_deleted:
            raise Refused("API_KEY_DELETED", Kind.PRECONDITION)
        use = (grant, request.row, request.template, request.claim, request.attempt)
        if use in world.uses:
            raise Refused("RELEASE_REPLAYED", Kind.CONFLICT)
        if world.budgets[grant] <= 0:
            raise Refused("GRANT_EXHAUSTED", Kind.EXHAUSTED)
        world.budgets[grant] -= 1
        world.uses.add(use)


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
        )

    async def ReadRows(self, request: Any, context: Any) -> AsyncIterator[Any]:
        found = self._find(request.file)
        last = min(request.first + request.count - 1, len(found.rows))
        for start in range(request.first, last + 1, 100):
            stop = min(start + 99, last)
            yield rows_pb2.ReadRowsResponse(
                rows=[
                    files_pb2.Row(number=number, cells=found.rows[number - 1])
                    for number in range(start, stop + 1)
                ]
            )

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
    def __init__(self, token: Callable[..., str], world: World) -> None:
        self._token = token
        self._world = world

    async def MintJobGrant(self, request: Any, context: Any) -> Any:
        person = identity.passport(context)
        grant_id = secrets.token_hex(8)
        purpose = grants_pb2.MintJobGrantRequest.Purpose.Name(request.purpose).lower().replace("_", "-")
        self._world.minted.append((purpose, request.api_key, request.release_budget))
        token = self._token(
            "grant",
            person.account,
            jti=grant_id,
            purpose=purpose,
            job=request.job,
            file=request.file,
            parse=request.parse,
            api_key=request.api_key,
            first_row=request.first_row,
            last_row=request.last_row,
            template_count=request.template_count,
            release_budget=request.release_budget,
        )
        answer = grants_pb2.MintJobGrantResponse(grant=token, grant_id=grant_id)
        answer.expire_time.FromSeconds(int(time.time()) + 600)
        return answer
