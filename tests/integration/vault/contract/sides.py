"""The two that must behave alike: the real vault's process and the stand-in, with what no contract offers."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

import grpc
from smelt.vault.v1 import api_keys_pb2, operator_pb2, release_pb2

from deploy.local.certificates import Certificates
from services.common.errors import RemoteError
from services.common.rpc import tls
from services.common.rpc.errors import error_from_rpc, error_from_status
from tests.integration.vault.vault_calls import VaultCalls
from tests.integration.vault.vault_process import PRIVATE_URL, SECRET, Vault
from tests.support.peers import peer
from tests.support.vault.refusals import KINDS
from tests.support.vault.stand_in import VaultStandIn


class Side(VaultCalls):
    """One of the two."""

    @abstractmethod
    async def add_key(self, account: str, **more: Any) -> str:
        """Give an account the key SECRET for PRIVATE_URL; return its name."""

    @abstractmethod
    async def delete_key(self, account: str, name: str) -> None:
        """Delete a key, as its owner does."""

    @abstractmethod
    async def rotate(self, account: str) -> None:
        """Give an account its next key, as an operator does, long enough ago for the grace to be over."""


@dataclass(slots=True)
class RealSide(Side):
    """A vault's process."""

    vault: Vault

    def channel(self, caller: str) -> grpc.aio.Channel:
        return self.vault.channel(caller)

    async def add_key(self, account: str, **more: Any) -> str:
        return (await self.vault.add_key(account, SECRET, **more)).name

    async def delete_key(self, account: str, name: str) -> None:
        request = api_keys_pb2.DeleteApiKeyRequest(name=name)
        await self.vault.keys().DeleteApiKey(request, metadata=await self.passport(account))

    async def rotate(self, account: str) -> None:
        await self.vault.operator().RotateAccountKeys(operator_pb2.RotateAccountKeysRequest(account=account))
        self.vault.query(
            "UPDATE account_keys SET retire_time = now() - interval '2 hours'"
            " WHERE account = %s AND state = 'retired'",
            account,
            keystore=True,
        )


@dataclass(slots=True)
class StandInSide(Side):
    """The stand-in, served in this process."""

    vault: VaultStandIn
    certificates: Certificates
    address: str
    _channels: dict[str, grpc.aio.Channel] = field(default_factory=dict)

    def channel(self, caller: str) -> grpc.aio.Channel:
        if caller not in self._channels:
            self._channels[caller] = tls.channel(peer(self.certificates, caller), "vault", self.address)
        return self._channels[caller]

    async def start(self) -> None:
        await self.vault.start(peer(self.certificates, "vault"), self.address)

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()
        await self.vault.stop()

    async def add_key(self, account: str, **more: Any) -> str:
        return self.vault.add_key(account, SECRET, **{"base_url": PRIVATE_URL} | more)

    async def delete_key(self, account: str, name: str) -> None:
        self.vault.delete_key(account, name)

    async def rotate(self, account: str) -> None:
        self.vault.rotate(account)


async def refusal(call: Any) -> str:
    """Return the reason with which a call is refused; its kind must be the one that goes with the reason."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return _reason(error_from_rpc(error))
    raise AssertionError("the call was not refused")


def outcome(answer: release_pb2.ReleaseApiKeysResponse) -> str:
    """Return the secret that was released, or the reason of the refusal, checked like any other."""
    if answer.WhichOneof("outcome") == "released":
        assert answer.released.base_url == PRIVATE_URL
        return answer.released.secret.decode()
    return _reason(error_from_status(answer.refused))


def _reason(error: RemoteError) -> str:
    assert error.kind is KINDS[error.reason], f"{error.reason} is {error.kind}"
    return error.reason
