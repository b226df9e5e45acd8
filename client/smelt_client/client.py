"""The two clients of the API: `Client` blocks, `AsyncClient` is for asyncio. Both have the same resources."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from types import TracebackType
from typing import Any, Self

import httpx2

from .access_tokens import AccessTokens, AsyncAccessTokens
from .account import Account, AsyncAccount
from .api_keys import ApiKeys, AsyncApiKeys
from .endpoint import Endpoint
from .files import AsyncFiles, Files
from .installation import AsyncInstallationInfo, InstallationInfo
from .jobs import AsyncJobs, Jobs
from .options import Options
from .people import AsyncSessions, AsyncUsers, Sessions, Users
from .raw import Answer, answer_of, raw_call
from .senders import AwaitingSender, BlockingSender
from .templates import AsyncTemplates, Templates
from .variables import AsyncMeter, AsyncModels, AsyncVariables, Meter, Models, Variables
from .webhooks import AsyncWebhooks, Webhooks


class Client:
    """A client that blocks.

    Missing arguments come from SMELT_URL, SMELT_TOKEN and SMELT_CA_FILE. The client reads nothing else from
    the environment, not even proxies. Requests that are safe to repeat are retried up to `retries` times.
    `timeout` is in seconds, for each attempt; None means 60, or 300 for uploads. `headers` are sent with
    every request.

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
        timeout: float | None = None,
        retries: int = 2,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._endpoint = Endpoint.from_environment(url, token, ca_file)
        self._options = Options(timeout, retries, dict(headers or {}))
        self._use(BlockingSender.connected(self._endpoint, self._options, transport=transport))

    def _use(self, sender: BlockingSender) -> None:
        self._sender = sender
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
        self.installation = InstallationInfo(self._sender)

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retries: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a client with other options over the same connections: `smelt.with_options(timeout=5)`.

        Options that are missing stay; headers are added. Closing either client closes both.
        """
        other = copy(self)
        other._options = self._options.changed(timeout=timeout, retries=retries, headers=headers)
        other._use(self._sender.with_options(other._options))
        return other

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | list[str]] | None = None,
        body: Any = None,
    ) -> Answer:
        """Send any call of the API, such as `("GET", "/v1/files")`, and return the answer as it came.

        Errors of the API are answers too. `body` is sent as JSON. A POST is sent once.
        """
        response, _ = self._sender.exchange(raw_call(method, path, params=params, body=body))
        return answer_of(response)

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
        timeout: float | None = None,
        retries: int = 2,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._endpoint = Endpoint.from_environment(url, token, ca_file)
        self._options = Options(timeout, retries, dict(headers or {}))
        self._use(AwaitingSender.connected(self._endpoint, self._options, transport=transport))

    def _use(self, sender: AwaitingSender) -> None:
        self._sender = sender
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
        self.installation = AsyncInstallationInfo(self._sender)

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retries: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a client with other options over the same connections: `smelt.with_options(timeout=5)`.

        Options that are missing stay; headers are added. Closing either client closes both.
        """
        other = copy(self)
        other._options = self._options.changed(timeout=timeout, retries=retries, headers=headers)
        other._use(self._sender.with_options(other._options))
        return other

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | list[str]] | None = None,
        body: Any = None,
    ) -> Answer:
        """Send any call of the API, such as `("GET", "/v1/files")`, and return the answer as it came.

        Errors of the API are answers too. `body` is sent as JSON. A POST is sent once.
        """
        response, _ = await self._sender.exchange(raw_call(method, path, params=params, body=body))
        return answer_of(response)

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
