"""ModelService: the models with a known price."""

from smelt.processor.v1 import models_pb2, models_pb2_grpc

from services.common import paging
from services.common.rpc.servicing import Context
from services.processor.usage.prices import MODELS, PRICES_DATE


class ModelServicer(models_pb2_grpc.ModelServiceServicer):
    """Serves what is known about models."""

    async def ListModels(
        self, request: models_pb2.ListModelsRequest, context: Context
    ) -> models_pb2.ListModelsResponse:
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


def _price(price: object) -> str:
    return "" if price is None else str(price)
