"""Domain errors on the wire and back: google.rpc.Status with ErrorInfo (AIP-193)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from services.common.errors import DomainError, Kind, RemoteError, Unauthenticated, Unavailable

_CODES: dict[Kind, int] = {
    Kind.INVALID: code_pb2.INVALID_ARGUMENT,
    Kind.UNAUTHENTICATED: code_pb2.UNAUTHENTICATED,
    Kind.FORBIDDEN: code_pb2.PERMISSION_DENIED,
    Kind.NOT_FOUND: code_pb2.NOT_FOUND,
    Kind.EXISTS: code_pb2.ALREADY_EXISTS,
    Kind.CONFLICT: code_pb2.ABORTED,
    Kind.PRECONDITION: code_pb2.FAILED_PRECONDITION,
    Kind.EXHAUSTED: code_pb2.RESOURCE_EXHAUSTED,
    # HTTP has its own status for these two; `trailing_metadata` passes it to the gateway.
    Kind.TOO_LARGE: code_pb2.RESOURCE_EXHAUSTED,
    Kind.TOO_SLOW: code_pb2.DEADLINE_EXCEEDED,
    Kind.OUT_OF_RANGE: code_pb2.OUT_OF_RANGE,
    Kind.UNAVAILABLE: code_pb2.UNAVAILABLE,
    Kind.DAMAGED: code_pb2.DATA_LOSS,
    Kind.INTERNAL: code_pb2.INTERNAL,
}
_KINDS: dict[int, Kind] = {code: kind for kind, code in _CODES.items() if kind is not Kind.TOO_LARGE}
_STATUS_KEY = "grpc-status-details-bin"
#: A status travels in HTTP/2 trailers. If they are longer than the gateway takes, it ends its one connection
#: to the service, and with it every other account's calls. The whole stays under two kilobytes.
_LONGEST_MESSAGE = 300
_LONGEST_METADATA = 500
_LONGEST_VIOLATION = 200
_MOST_VIOLATIONS = 20
_LONGEST_VIOLATIONS = 1000


def code_of(error: Exception) -> str:
    """Return the name of the code with which an error ends a call."""
    if not isinstance(error, DomainError):
        return "UNKNOWN"
    name: str = code_pb2.Code.Name(_CODES[error.kind])
    return name


def status_of(error: DomainError) -> status_pb2.Status:
    """Return the status for an error: code, message, ErrorInfo, field violations, RetryInfo."""
    status = status_pb2.Status(code=_CODES[error.kind], message=_cut(error.message, _LONGEST_MESSAGE))
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=error.domain)
    for key, value in error.metadata.items():
        if info.ByteSize() + len(key) + len(value) <= _LONGEST_METADATA:
            info.metadata[key] = value
    status.details.add().Pack(info)
    if error.violations:
        status.details.add().Pack(_bad_request(error.violations))
    for detail in error.details:
        assert isinstance(detail, Message)
        status.details.add().Pack(detail)
    if error.retry_after_seconds is not None:
        delay = duration_pb2.Duration(seconds=error.retry_after_seconds)
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status


def _bad_request(violations: Sequence[tuple[str, str]]) -> error_details_pb2.BadRequest:
    """Return as many violations as a status may carry, and how many were left out."""
    told = error_details_pb2.BadRequest()
    for count, (field, description) in enumerate(violations):
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=_cut(field, _LONGEST_VIOLATION), description=_cut(description, _LONGEST_VIOLATION)
        )
        if count == _MOST_VIOLATIONS or told.ByteSize() + violation.ByteSize() > _LONGEST_VIOLATIONS:
            told.field_violations.add(description=f"and {len(violations) - count} more")
            break
        told.field_violations.append(violation)
    return told


def _cut(text: str, most: int) -> str:
    """Return a text of at most this many bytes as they are sent: gRPC escapes what is not ASCII."""
    if len(text) <= most and text.isascii():
        return text
    kept = text.encode("utf-8", "replace")[: most - 3].decode("utf-8", "ignore")
    return text if kept == text else f"{kept}..."


def trailing_metadata(error: DomainError) -> tuple[tuple[str, str], ...]:
    """Return the metadata for the gateway: an HTTP status that gRPC lacks, and Retry-After."""
    metadata: list[tuple[str, str]] = []
    if error.kind is Kind.TOO_LARGE:
        metadata.append(("x-http-status", "413"))
    if error.kind is Kind.TOO_SLOW:
        metadata.append(("x-http-status", "408"))
    if error.kind is Kind.OUT_OF_RANGE:
        # RFC 9110, section 15.5.17: the answer names the size of the file.
        metadata.append(("x-http-status", "416"))
        metadata.append(("content-range", f"bytes */{error.metadata.get('size', '*')}"))
    if isinstance(error, Unauthenticated):
        # RFC 9110, section 15.5.2.
        metadata.append(("www-authenticate", "Bearer"))
    if error.retry_after_seconds is not None:
        metadata.append(("retry-after", str(error.retry_after_seconds)))
    return tuple(metadata)


def error_from_status(status: status_pb2.Status) -> RemoteError:
    """Return the error that a status stands for; without ErrorInfo, an internal error of the peer."""
    info = error_details_pb2.ErrorInfo()
    violations = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    retry_after: int | None = None
    for detail in status.details:
        _unpack(detail, info)
        _unpack(detail, violations)
        if _unpack(detail, retry):
            retry_after = retry.retry_delay.seconds
    kind = _KINDS.get(status.code, Kind.INTERNAL)
    if not info.reason:
        if status.code in (code_pb2.UNAVAILABLE, code_pb2.DEADLINE_EXCEEDED, code_pb2.RESOURCE_EXHAUSTED):
            return RemoteError("UNAVAILABLE", Kind.UNAVAILABLE, Unavailable.message)
        return RemoteError("INTERNAL", Kind.INTERNAL, "internal error")
    return RemoteError(
        info.reason,
        kind,
        status.message,
        violations=[(v.field, v.description) for v in violations.field_violations],
        retry_after_seconds=retry_after,
        **dict(info.metadata),
    )


def _unpack(detail: any_pb2.Any, message: error_details_pb2.ErrorInfo) -> bool:
    return bool(detail.Is(message.DESCRIPTOR) and detail.Unpack(message))


def error_from_rpc(error: grpc.aio.AioRpcError) -> RemoteError:
    """Return the domain error behind a failed call of another service."""
    for key, value in error.trailing_metadata() or ():
        if key == _STATUS_KEY and isinstance(value, bytes):
            return error_from_status(status_pb2.Status.FromString(value))
    return error_from_status(status_pb2.Status(code=error.code().value[0]))


@asynccontextmanager
async def peer_errors() -> AsyncIterator[None]:
    """Raise the domain errors that failed calls inside the block stand for."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise error_from_rpc(error) from None
