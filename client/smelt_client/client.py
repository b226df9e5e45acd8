"""The two clients of the API: `Client` blocks, `AsyncClient` is for asyncio. Both have the same resources."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx2

from .access_tokens import AccessTokens, AsyncAccessTokens
from .account import Account, AsyncAccount
from .api_keys import ApiKeys, AsyncApiKeys
from .endpoint import Endpoint
from .files import AsyncFiles, Files
from .jobs import AsyncJobs, Jobs
from .people import AsyncSessions, AsyncUsers, Sessions, Users
from .retries import RetryPolicy
from .senders import AwaitingSender, BlockingSender
from .templates import AsyncTemplates, Templates
from .variables import AsyncMeter, AsyncModels, AsyncVariables, Meter, Models, Variables
from .webhooks import AsyncWebhooks, Webhooks


class Client:
    """A client that blocks.

    Missing arguments come from SMELT_URL, SMELT_TOKEN and SMELT_CA_FILE. The client reads nothing else from
    the environment, not even proxies. Requests that are safe to repeat are retried up to `max_retries` times.

        with Client() as smelt:
            file = smelt.files.upload("leads.csv")
            job = smelt.jobs.create(file.name, ["templates/..."])
            for job in smelt.jobs.watch(job.name):
                print(job.percent)
            smelt.jobs.download(job.name, "enriched.csv")
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        ca_file: str | None = None,
        max_retries: int = 2,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._endpoint = Endpoint.from_environment(url, token, ca_file)
        self._sender = BlockingSender(self._endpoint, RetryPolicy(max_retries), transport=transport)
        self.users = Users(self._sender)
        self.sessions = Sessions(self._sender)
        self.access_tokens = AccessTokens(self._sender)
        self.account = Account(self._sender)
        self.api_keys = ApiKeys(self._sender)
        self.files = Files(self._sender)
        self.templates = Templates(self._sender)
        self.jobs = Jobs(self._sender)
        self.variables = Variables(self._sender)
        self.models = Models(self._sender)
        self.usage = Meter(self._sender)
        self.webhooks = Webhooks(self._sender)

    def close(self) -> None:
        """Close all connections."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._endpoint.url!r})"


class AsyncClient:
    """The asyncio counterpart of `Client`: await its methods, and use `async for` for lists and watching."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        ca_file: str | None = None,
        max_retries: int = 2,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._endpoint = Endpoint.from_environment(url, token, ca_file)
        self._sender = AwaitingSender(self._endpoint, RetryPolicy(max_retries), transport=transport)
        self.users = AsyncUsers(self._sender)
        self.sessions = AsyncSessions(self._sender)
        self.access_tokens = AsyncAccessTokens(self._sender)
        self.account = AsyncAccount(self._sender)
        self.api_keys = AsyncApiKeys(self._sender)
        self.files = AsyncFiles(self._sender)
        self.templates = AsyncTemplates(self._sender)
        self.jobs = AsyncJobs(self._sender)
        self.variables = AsyncVariables(self._sender)
        self.models = AsyncModels(self._sender)
        self.usage = AsyncMeter(self._sender)
        self.webhooks = AsyncWebhooks(self._sender)

    async def close(self) -> None:
        """Close all connections."""
        await self._sender.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self._endpoint.url!r})"
