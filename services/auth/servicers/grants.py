"""GrantService: grants for the processor."""

from smelt.auth.v1 import (
    grants_pb2,
    grants_pb2_grpc,
)

from services.auth.admission.grants import GrantedWork, Grants, Purpose
from services.common import identity
from services.common.rpc.servicing import Context

_PURPOSES = {
    grants_pb2.MintJobGrantRequest.JOB: Purpose.JOB,
    grants_pb2.MintJobGrantRequest.TEMPLATE_TEST: Purpose.TEMPLATE_TEST,
    grants_pb2.MintJobGrantRequest.KEY_TEST: Purpose.KEY_TEST,
    grants_pb2.MintJobGrantRequest.WEBHOOK: Purpose.WEBHOOK,
}


class GrantServicer(grants_pb2_grpc.GrantServiceServicer):
    """Grants for the processor."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    async def MintJobGrant(
        self, request: grants_pb2.MintJobGrantRequest, context: Context
    ) -> grants_pb2.MintJobGrantResponse:
        person = identity.passport(context)
        work = GrantedWork(
            purpose=_PURPOSES[request.purpose],
            job=request.job,
            file=request.file,
            parse=request.parse,
            api_key=request.api_key,
            first_row=request.first_row,
            last_row=request.last_row,
            template_count=request.template_count,
            release_budget=request.release_budget,
            economy=request.economy,
        )
        grant = await self._grants.mint(work, account=person.account, session=person.session)
        signed = grant.signed
        return grants_pb2.MintJobGrantResponse(
            grant=signed.token, grant_id=signed.id, expire_time=signed.expire_time, sealed_grant=grant.sealed
        )
