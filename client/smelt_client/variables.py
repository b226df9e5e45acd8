"""Custom variables, the models the server knows, and the account's usage meter."""

from __future__ import annotations

from .call import Call, ResourceName, deleting, given, listing, named, reading
from .methods import AsyncResource, Resource, async_paging, awaiting, blocking, paging
from .models import Model, Page, Usage, Variable


def create_variable(display_name: str, value: str, *, idempotency_key: str | None = None) -> Call[Variable]:
    """Create a variable, which every prompt can use as `{{$display_name}}`."""
    return Call(
        "POST",
        "/v1/variables",
        reading(Variable),
        body={"display_name": display_name, "value": value},
        creates=True,
        idempotency_key=idempotency_key,
    )


def list_variables(*, page_size: int | None = None) -> Call[Page[Variable]]:
    """Iterate over all variables."""
    return listing(Variable, "variables", "variables", page_size=page_size)


def update_variable(name: ResourceName, value: str) -> Call[Variable]:
    """Change a variable's value. Jobs that have started keep the old one."""
    path = f"/v1/{named('variables', name)}"
    return Call("PATCH", path, reading(Variable), body={"value": value})


def delete_variable(name: ResourceName) -> Call[None]:
    """Delete a variable. Jobs that have started keep it."""
    return deleting("variables", name)


def list_models(*, page_size: int | None = None) -> Call[Page[Model]]:
    """Iterate over the models the server knows."""
    return listing(Model, "models", "models", page_size=page_size)


def get_usage(*, month: str | None = None) -> Call[Usage]:
    """Return what the account has used in a month, such as `2026-11`; without one, this month."""
    return Call("GET", "/v1/usage", reading(Usage), params=given(month=month))


class Variables(Resource):
    """Custom variables."""

    create = blocking(create_variable)
    list = paging(list_variables)
    update = blocking(update_variable)
    delete = blocking(delete_variable)


class AsyncVariables(AsyncResource):
    """Custom variables."""

    create = awaiting(create_variable)
    list = async_paging(list_variables)
    update = awaiting(update_variable)
    delete = awaiting(delete_variable)


class Models(Resource):
    """Models."""

    list = paging(list_models)


class Meter(Resource):
    """The account's usage meter."""

    get = blocking(get_usage)


class AsyncMeter(AsyncResource):
    """The account's usage meter."""

    get = awaiting(get_usage)


class AsyncModels(AsyncResource):
    """Models."""

    list = async_paging(list_models)
