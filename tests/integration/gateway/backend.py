"""Small services behind the edge under test: names select their answers, and they note what they saw."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from smelt.auth.v1 import sessions_pb2, sessions_pb2_grpc, users_pb2, users_pb2_grpc
from smelt.files.v1 import files_pb2, files_pb2_grpc, rows_pb2_grpc
from smelt.processor.v1 import jobs_pb2, jobs_pb2_grpc, templates_pb2, templates_pb2_grpc
from smelt.vault.v1 import api_keys_pb2, api_keys_pb2_grpc, signing_pb2_grpc

from services.common.errors import DomainError, Kind
from services.common.identity import GATEWAY, Allow
from services.common.rpc.downloads import body
from services.common.rpc.guard import Guard
from services.common.rpc.server import methods_of
from services.common.rpc.tls import server_credentials, server_options
from services.common.settings import PeerSettings
from services.common.tokens import KeySet, StaticKeys, TokenVerifier
from tests.integration.gateway.authorisation import Authorisation, add_to

Context = grpc.aio.ServicerContext[Any, Any]
CONTENT = b"name,city\nAda,London\n" * 20_000
SERVED = (
    "envoy.service.auth.v3.Authorization",
    "smelt.auth.v1.UserService",
    "smelt.auth.v1.SessionService",
    "smelt.vault.v1.ApiKeyService",
    "smelt.vault.v1.SigningService",
    "smelt.files.v1.FileService",
    "smelt.files.v1.RowService",
    "smelt.processor.v1.TemplateService",
    "smelt.processor.v1.JobService",
)
CREATED = (("x-http-status", "201"),)
CODES = {code.value[0]: code for code in grpc.StatusCode}
INNER = "inner words of <class 'ValueError'> at 127.0.0.1:5432"


class Missing(DomainError):
    reason = "THING_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "There is no such thing"


class Limited(DomainError):
    reason = "LOGIN_RATE_LIMITED"
    kind = Kind.EXHAUSTED
    message = "Too many attempts"


class TooLarge(DomainError):
    reason = "FILE_TOO_LARGE"
    kind = Kind.TOO_LARGE
    message = "File too large"


class TooSlow(DomainError):
    reason = "UPLOAD_TOO_SLOW"
    kind = Kind.TOO_SLOW
    message = "Too slow"


@dataclass(slots=True)
class Seen:
    """One call as a service received it."""

    metadata: dict[str, str | bytes]
    request: Any
    seconds_left: float | None
    pieces: list[int] = field(default_factory=list)


class Notes:
    """What the services saw, by method name."""

    def __init__(self) -> None:
        self.calls: dict[str, list[Seen]] = defaultdict(list)

    def add(self, method: str, request: Any, context: Context) -> Seen:
        metadata = dict(context.invocation_metadata() or ())
        seen = Seen(metadata, request, context.time_remaining())
        self.calls[method].append(seen)
        return seen

    def last(self, method: str) -> Seen:
        return self.calls[method][-1]


class People(users_pb2_grpc.UserServiceServicer, sessions_pb2_grpc.SessionServiceServicer):
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def CreateUser(self, request: Any, context: Context) -> Any:
        self._notes.add("CreateUser", request, context)
        await context.send_initial_metadata(CREATED)
        return users_pb2.User(name="users/1", email=request.email)

    async def GetCurrentUser(self, request: Any, context: Context) -> Any:
        self._notes.add("GetCurrentUser", request, context)
        return users_pb2.User(name="users/1")

    async def CreateSession(self, request: Any, context: Context) -> Any:
        if request.email == "limited":
            raise Limited(retry_after_seconds=7)
        if request.email == "broken":
            raise RuntimeError("an inner detail")
        await context.send_initial_metadata(CREATED)
        return sessions_pb2.CreateSessionResponse(token="t")


class ApiKeys(api_keys_pb2_grpc.ApiKeyServiceServicer):
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def ActivateApiKey(self, request: Any, context: Context) -> Any:
        self._notes.add("ActivateApiKey", request, context)
        return api_keys_pb2.ApiKey(name=request.name)

    async def GetApiKey(self, request: Any, context: Context) -> Any:
        raise Missing()

    async def CreateApiKey(self, request: Any, context: Context) -> Any:
        self._notes.add("CreateApiKey", request, context)
        await context.send_initial_metadata(CREATED)
        return api_keys_pb2.ApiKey(name="apiKeys/1", label=request.label)


class Files(files_pb2_grpc.FileServiceServicer):
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def UploadFile(self, request_iterator: Any, context: Context) -> Any:
        seen = self._notes.add("UploadFile", None, context)
        async for message in request_iterator:
            seen.request = seen.request or message
            seen.pieces.append(len(message.content.data))
            if seen.request.filename == "huge":
                raise TooLarge()
            if seen.request.filename == "slow":
                raise TooSlow()
        await context.send_initial_metadata(CREATED)
        return files_pb2.File(name="files/1", size_bytes=sum(seen.pieces))

    async def GetFile(self, request: Any, context: Context) -> Any:
        self._notes.add("GetFile", request, context)
        if request.name == "files/slow":
            await asyncio.sleep(30)
        if request.name.startswith("files/code"):
            # As gRPC itself answers: a code and words, without details.
            await context.abort(CODES[int(request.name.removeprefix("files/code"))], INNER)
        if request.name == "files/cancelled":
            raise asyncio.CancelledError
        if request.name == "files/toolarge":
            return files_pb2.File(name=request.name, display_name="x" * (5 * 1024 * 1024))
        return files_pb2.File(name=request.name)

    async def ListFiles(self, request: Any, context: Context) -> Any:
        self._notes.add("ListFiles", request, context)
        return files_pb2.ListFilesResponse()

    async def DownloadFile(self, request: Any, context: Context) -> AsyncIterator[bytes]:
        self._notes.add("DownloadFile", request, context)
        if request.name == "files/missing":
            raise Missing()
        length = (("x-content-length", str(len(CONTENT))), ("content-disposition", "attachment"))
        await context.send_initial_metadata(length)
        if request.name == "files/late":
            raise Missing()
        half = len(CONTENT) // 2
        yield body("text/csv; charset=utf-8", CONTENT[:half])
        if request.name == "files/cut":
            raise Missing()
        yield body("", CONTENT[half:])


class Templates(templates_pb2_grpc.TemplateServiceServicer):
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def CreateTemplate(self, request: Any, context: Context) -> Any:
        self._notes.add("CreateTemplate", request, context)
        await context.send_initial_metadata(CREATED)
        return request.template

    async def UpdateTemplate(self, request: Any, context: Context) -> Any:
        self._notes.add("UpdateTemplate", request, context)
        return request.template

    async def PreviewTemplate(self, request: Any, context: Context) -> Any:
        self._notes.add("PreviewTemplate", request, context)
        return templates_pb2.PreviewTemplateResponse()


class Jobs(jobs_pb2_grpc.JobServiceServicer):
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def CancelJob(self, request: Any, context: Context) -> Any:
        self._notes.add("CancelJob", request, context)
        return jobs_pb2.Job(name=request.name, state=jobs_pb2.Job.CANCELLED)

    async def CreateJob(self, request: Any, context: Context) -> Any:
        self._notes.add("CreateJob", request, context)
        await context.send_initial_metadata(CREATED)
        return jobs_pb2.Job(name="jobs/new", max_cost_usd=request.max_cost_usd)

    async def ListJobRows(self, request: Any, context: Context) -> Any:
        self._notes.add("ListJobRows", request, context)
        return jobs_pb2.ListJobRowsResponse()

    async def WatchJob(self, request: Any, context: Context) -> AsyncIterator[jobs_pb2.Job]:
        self._notes.add("WatchJob", request, context)
        if request.name == "jobs/missing":
            raise Missing()
        while request.name == "jobs/endless":
            yield jobs_pb2.Job(name=request.name)
            await asyncio.sleep(0.05)
        for state in (jobs_pb2.Job.PENDING, jobs_pb2.Job.RUNNING, jobs_pb2.Job.COMPLETED):
            yield jobs_pb2.Job(name=request.name, state=state)
            await asyncio.sleep(0.05)


class Backend:
    """The four services, each on a port and with a certificate of its own."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.authorisation = Authorisation()
        self.ports: dict[str, int] = {}
        self._servers: dict[str, grpc.aio.Server] = {}

    async def start(self, service: str, settings: PeerSettings, port: int = 0) -> None:
        # The guard of the real services, with a policy that admits the gateway everywhere: refusals come from
        # the edge.
        policy = dict.fromkeys(methods_of(SERVED), Allow(GATEWAY))
        guard = Guard(policy, TokenVerifier(StaticKeys(KeySet("test"))))
        server = grpc.aio.server(interceptors=[guard], options=server_options())
        self._register(service, server)
        probe = health.aio.HealthServicer()
        await probe.set("", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(probe, server)
        self.ports[service] = server.add_secure_port(f"127.0.0.1:{port}", server_credentials(settings))
        await server.start()
        self._servers[service] = server

    async def stop(self, *services: str) -> None:
        for service in services or tuple(self._servers):
            await self._servers.pop(service).stop(None)

    def _register(self, service: str, server: grpc.aio.Server) -> None:
        if service == "auth":
            people = People(self.notes)
            users_pb2_grpc.add_UserServiceServicer_to_server(people, server)
            sessions_pb2_grpc.add_SessionServiceServicer_to_server(people, server)
            add_to(self.authorisation, server)
        elif service == "vault":
            api_keys_pb2_grpc.add_ApiKeyServiceServicer_to_server(ApiKeys(self.notes), server)
            # Served, so that a test can see the edge refuse it, not the service.
            signing_pb2_grpc.add_SigningServiceServicer_to_server(
                signing_pb2_grpc.SigningServiceServicer(), server
            )
        elif service == "files":
            files_pb2_grpc.add_FileServiceServicer_to_server(Files(self.notes), server)
            rows_pb2_grpc.add_RowServiceServicer_to_server(rows_pb2_grpc.RowServiceServicer(), server)
        else:
            templates_pb2_grpc.add_TemplateServiceServicer_to_server(Templates(self.notes), server)
            jobs_pb2_grpc.add_JobServiceServicer_to_server(Jobs(self.notes), server)
