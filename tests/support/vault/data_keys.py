"""DataKeyService of the stand-in."""

import os

from smelt.vault.v1 import data_keys_pb2, data_keys_pb2_grpc

from services.common import identity
from services.common.identity import FILES, PROCESSOR, ExportPermit, JobGrant, KeyProof
from services.common.rpc.servicing import Context
from tests.support.vault.account_keys import Place, prefix
from tests.support.vault.known import Known
from tests.support.vault.refusals import Refused

About = data_keys_pb2.DataKeyContext
#: Who holds the data of a purpose, and how its objects are called.
_HELD = {
    About.FILE: (FILES, "files/"),
    About.JOB: (PROCESSOR, "jobs/"),
    About.RESULT: (FILES, "jobs/"),
    About.EXPORT: (FILES, "dataExports/"),
    About.WEBHOOK: (PROCESSOR, "webhooks/"),
}


class DataKeys(data_keys_pb2_grpc.DataKeyServiceServicer):
    """Makes and opens data keys for the account that the proof names, and keeps none."""

    def __init__(self, known: Known) -> None:
        self._known = known

    async def CreateDataKey(
        self, request: data_keys_pb2.CreateDataKeyRequest, context: Context
    ) -> data_keys_pb2.CreateDataKeyResponse:
        proof, about = identity.key_proof(), request.context
        self._check(proof, about)
        if isinstance(proof, ExportPermit) and about.purpose != About.EXPORT:
            raise Refused("GRANT_INVALID")
        key = os.urandom(32)
        wrapped = self._known.account_keys.seal(proof.account, _place(about), key)
        return data_keys_pb2.CreateDataKeyResponse(key=key, wrapped_key=wrapped)

    async def OpenDataKey(
        self, request: data_keys_pb2.OpenDataKeyRequest, context: Context
    ) -> data_keys_pb2.OpenDataKeyResponse:
        proof, about = identity.key_proof(), request.context
        self._check(proof, about)
        key = self._known.account_keys.opened(proof.account, _place(about), request.wrapped_key)
        if key is None:
            raise Refused("DATA_KEY_INVALID")
        return data_keys_pb2.OpenDataKeyResponse(key=key)

    async def ListRetiringAccounts(
        self, request: data_keys_pb2.ListRetiringAccountsRequest, context: Context
    ) -> data_keys_pb2.ListRetiringAccountsResponse:
        found = self._known.account_keys.retiring(identity.current_call().caller, request.after)
        return data_keys_pb2.ListRetiringAccountsResponse(
            accounts=[
                data_keys_pb2.RetiringAccount(account=account, epoch=epoch, prefix=prefix(epoch))
                for account, epoch in found
            ]
        )

    async def RewrapDataKeys(
        self, request: data_keys_pb2.RewrapDataKeysRequest, context: Context
    ) -> data_keys_pb2.RewrapDataKeysResponse:
        account, keys, caller = request.account, self._known.account_keys, identity.current_call().caller
        for each in request.keys:
            _check_holder(each.context, caller)
        opened = [keys.opened(account, _place(each.context), each.wrapped_key) for each in request.keys]
        epoch = keys.for_sealing(account)
        anew = [
            keys.seal(account, _place(each.context), key) if key else b""
            for each, key in zip(request.keys, opened, strict=True)
        ]
        closed = [each.context.object for each, key in zip(request.keys, opened, strict=True) if not key]
        self._known.record(
            account,
            f"accountKeys/{epoch}",
            "rewrap-data-keys",
            outcome="refused" if closed else "ok",
            caller=caller,
            count=len(opened) - len(closed),
            closed=closed,
        )
        return data_keys_pb2.RewrapDataKeysResponse(wrapped_keys=anew)

    async def ConfirmRewrapped(
        self, request: data_keys_pb2.ConfirmRewrappedRequest, context: Context
    ) -> data_keys_pb2.ConfirmRewrappedResponse:
        owner = identity.current_call().caller
        self._known.account_keys.confirm(owner, request.account, request.epoch)
        return data_keys_pb2.ConfirmRewrappedResponse()

    def _check(self, proof: KeyProof, about: About) -> None:
        _check_holder(about, identity.current_call().caller)
        if about.purpose == About.WEBHOOK:
            raise Refused("DATA_KEY_CONTEXT_INVALID")
        if isinstance(proof, JobGrant):
            if about.object != (proof.file if about.purpose == About.FILE else proof.job):
                raise Refused("GRANT_INVALID")
            if (proof.account, proof.id) in self._known.grants.revoked:
                raise Refused("GRANT_REVOKED")
        elif (
            isinstance(proof, ExportPermit) and about.purpose == About.EXPORT and about.object != proof.export
        ):
            raise Refused("GRANT_INVALID")


def _check_holder(about: About, caller: str) -> None:
    holder, collection = _HELD[about.purpose]
    if holder != caller or not about.object.startswith(collection):
        raise Refused("DATA_KEY_CONTEXT_INVALID")


def _place(about: About) -> Place:
    return about.purpose, about.object, about.generation
