"""What all servicers share: the type of a call's context, and headers of answers."""

from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
#: Sent before the answer of a method that created something, so that the gateway answers 201.
CREATED = (("x-http-status", "201"),)
