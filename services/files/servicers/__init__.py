"""Proto to domain and back, one module for each gRPC service."""

from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
