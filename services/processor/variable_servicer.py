"""VariableService, ModelService and UsageService: proto to domain and back."""

from functools import partial
from typing import Any

from smelt.processor.v1 import (
    models_pb2,
    models_pb2_grpc,
    usage_pb2,
    usage_pb2_grpc,
    variables_pb2,
    variables_pb2_grpc,
)

from services.common import identity, paging
from services.common.ids import parse_name
from services.common.servicing import CREATED
from services.processor.model_table import MODELS, PRICES_DATE
from services.processor.usage import Part, UsageMeter
from services.processor.variables import CustomVariable, Variables


class VariableServicer(variables_pb2_grpc.VariableServiceServicer):
    """Serves custom variables of people."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    async def CreateVariable(self, request: Any, context: Any) -> Any:
        variable = await self._variables.create(
            identity.passport(context),
            request.variable.display_name,
            request.variable.value,
            idempotency_key=identity.current_call().idempotency_key,
        )
        await context.send_initial_metadata(CREATED)
        return to_proto(variable)

    async def ListVariables(self, request: Any, context: Any) -> Any:
        person = identity.passport(context)
        page, token = await paging.page(request, partial(self._variables.page, person))
        return variables_pb2.ListVariablesResponse(variables=map(to_proto, page), next_page_token=token)

    async def GetVariable(self, request: Any, context: Any) -> Any:
        id_ = parse_name("variables", request.name)
        return to_proto(await self._variables.get(identity.passport(context), id_))

    async def UpdateVariable(self, request: Any, context: Any) -> Any:
        id_ = parse_name("variables", request.variable.name)
        person = identity.passport(context)
        return to_proto(await self._variables.update(person, id_, request.variable.value))

    async def DeleteVariable(self, request: Any, context: Any) -> Any:
        await self._variables.remove(identity.passport(context), parse_name("variables", request.name))
        return variables_pb2.DeleteVariableResponse()


class ModelServicer(models_pb2_grpc.ModelServiceServicer):
    """Serves what is known of models."""

    async def ListModels(self, request: Any, context: Any) -> Any:
        found, token = paging.sliced([*MODELS.values()], request.page_token, request.page_size)
        return models_pb2.ListModelsResponse(
            models=[
                models_pb2.Model(
                    name=f"models/{each.id}",
                    id=each.id,
                    reasoning=each.reasoning,
                    input_price_usd=_price(each.input_price),
                    output_price_usd=_price(each.output_price),
                )
                for each in found
            ],
            prices_date=PRICES_DATE,
            next_page_token=token,
        )


class UsageServicer(usage_pb2_grpc.UsageServiceServicer):
    """Serves the meter of people."""

    def __init__(self, meter: UsageMeter) -> None:
        self._meter = meter

    async def GetUsage(self, request: Any, context: Any) -> Any:
        meter = await self._meter.read(identity.passport(context))
        return usage_pb2.Usage(
            plan=meter.plan,
            period_start=meter.period_start.isoformat(),
            used=meter.used,
            limit=meter.limit or 0,
            left=meter.left,
            percent=meter.percent,
            days=[_part(each, "day") for each in meter.days],
            models=[_part(each, "model") for each in meter.models],
        )


def _part(part: Part, kind: str) -> Any:
    return usage_pb2.Usage.Part(
        **{kind: part.name},
        used=part.used,
        input_tokens=part.input_tokens,
        output_tokens=part.output_tokens,
        cost_usd="" if part.cost is None else f"{part.cost:.6f}",
    )


def _price(price: object) -> str:
    return "" if price is None else str(price)


def to_proto(variable: CustomVariable) -> Any:
    """Return the message for a variable."""
    message = variables_pb2.Variable(
        name=f"variables/{variable.id}", display_name=variable.key, value=variable.value
    )
    message.create_time.FromDatetime(variable.create_time)
    message.update_time.FromDatetime(variable.update_time)
    return message
