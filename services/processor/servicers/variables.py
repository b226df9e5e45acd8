"""VariableService: proto to domain and back."""

from functools import partial

from smelt.processor.v1 import variables_pb2, variables_pb2_grpc

from services.common import identity, paging
from services.common.ids import parse_name
from services.common.rpc.servicing import CREATED, Context
from services.processor.templates.variables import MOST_READ, CustomVariable, Variables


class VariableServicer(variables_pb2_grpc.VariableServiceServicer):
    """Serves people's custom variables."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    async def CreateVariable(
        self, request: variables_pb2.CreateVariableRequest, context: Context
    ) -> variables_pb2.Variable:
        variable = await self._variables.create(
            identity.passport(context),
            request.variable.display_name,
            request.variable.value,
            idempotency_key=identity.current_call().idempotency_key,
        )
        await context.send_initial_metadata(CREATED)
        return to_proto(variable)

    async def ListVariables(
        self, request: variables_pb2.ListVariablesRequest, context: Context
    ) -> variables_pb2.ListVariablesResponse:
        person = identity.passport(context)
        page, token = await paging.page(
            request, partial(self._variables.page, person), show=to_proto, at_once=MOST_READ
        )
        return variables_pb2.ListVariablesResponse(variables=page, next_page_token=token)

    async def GetVariable(
        self, request: variables_pb2.GetVariableRequest, context: Context
    ) -> variables_pb2.Variable:
        id_ = parse_name("variables", request.name)
        return to_proto(await self._variables.get(identity.passport(context), id_))

    async def UpdateVariable(
        self, request: variables_pb2.UpdateVariableRequest, context: Context
    ) -> variables_pb2.Variable:
        id_ = parse_name("variables", request.variable.name)
        person = identity.passport(context)
        return to_proto(await self._variables.update(person, id_, request.variable.value))

    async def DeleteVariable(
        self, request: variables_pb2.DeleteVariableRequest, context: Context
    ) -> variables_pb2.DeleteVariableResponse:
        await self._variables.remove(identity.passport(context), parse_name("variables", request.name))
        return variables_pb2.DeleteVariableResponse()


def to_proto(variable: CustomVariable) -> variables_pb2.Variable:
    """Return the message for a variable."""
    message = variables_pb2.Variable(
        name=f"variables/{variable.id}", display_name=variable.key, value=variable.value
    )
    message.create_time.FromDatetime(variable.create_time)
    message.update_time.FromDatetime(variable.update_time)
    return message
