"""Every limit of the processor is reported alike: HTTP 429, and a reason that ends in `_LIMIT`."""

import importlib
import pkgutil

from services import processor
from services.common.errors import DomainError, Kind

LIMITS = {"JOB_LIMIT", "STORED_JOB_LIMIT", "TEMPLATE_LIMIT", "USAGE_LIMIT", "VARIABLE_LIMIT"}
LIMITS |= {"WEBHOOK_LIMIT", "WEBHOOK_DELIVERY_LIMIT"}


def test_a_limit_that_is_reached_is_exhausted_and_called_a_limit() -> None:
    for module in pkgutil.walk_packages(processor.__path__, "services.processor."):
        if not module.name.endswith((".__main__", ".env")) and ".versions" not in module.name:
            importlib.import_module(module.name)
    errors = [
        each for each in DomainError.__subclasses__() if each.__module__.startswith("services.processor")
    ]
    assert {each.reason for each in errors if each.kind is Kind.EXHAUSTED} == LIMITS
    assert {each.reason for each in errors if each.reason.endswith("_LIMIT")} == LIMITS
