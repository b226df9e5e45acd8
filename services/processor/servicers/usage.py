"""UsageService: how much of its plan an account has used."""

from datetime import date

from smelt.processor.v1 import usage_pb2, usage_pb2_grpc

from services.common import identity
from services.common.rpc.servicing import Context
from services.processor.usage.meter import Part, UsageMeter


class UsageServicer(usage_pb2_grpc.UsageServiceServicer):
    """Serves accounts' usage."""

    def __init__(self, meter: UsageMeter) -> None:
        self._meter = meter

    async def GetUsage(self, request: usage_pb2.GetUsageRequest, context: Context) -> usage_pb2.Usage:
        month = date.fromisoformat(f"{request.month}-01") if request.month else None
        meter = await self._meter.read(identity.passport(context), month)
        return usage_pb2.Usage(
            plan=meter.plan,
            period_start=meter.period_start.isoformat(),
            used=meter.used,
            limit=meter.limit,
            left=meter.left,
            percent=meter.percent,
            days=[_part(each, "day") for each in meter.days],
            models=[_part(each, "model") for each in meter.models],
        )


def _part(part: Part, kind: str) -> usage_pb2.Usage.Part:
    return usage_pb2.Usage.Part(
        **{kind: part.name},
        used=part.used,
        input_tokens=part.input_tokens,
        output_tokens=part.output_tokens,
        cost_usd="" if part.cost is None else f"{part.cost:.6f}",
        tokens_estimated=part.is_estimated,
    )
