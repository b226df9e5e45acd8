"""What servicers of all services share: the type of a call's context, and headers of their answers."""

from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
#: Sent before the answer of a method that made something; the gateway answers 201 then.
CREATED = (("x-http-status", "201"),)
