"""Logs: one JSON line per event on stdout, constant event names, ids and counts only."""

import logging
import re
import sys
import traceback
from typing import Any

import orjson
import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def describe(error: BaseException) -> dict[str, Any]:
    """Return the loggable facts of an exception: its type and where it was raised.

    Never its text, which can contain what a user sent.
    """
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    described: dict[str, Any] = {
        "error": type(error).__name__,
        "at": [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno}:{frame.name}" for frame in frames],
    }
    if error.__cause__ is not None:
        described["cause"] = type(error.__cause__).__name__
    return described


# What a library wrote by itself: values that it put into a message stand in quotes, brackets or lines of
# their own. asyncio writes the repr of a task's exception, and with it what a provider or a person sent.
_OWN_WORDS = re.compile(r"[^\n(<\[{'\"=]*")


class _JsonLines(logging.Formatter):
    """Formats the logs of libraries like ours, without arguments and tracebacks, which may contain data."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": record.created,
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": _own_words(record.msg) if not record.args else "library.message",
        }
        if record.args:
            line["template"] = str(record.msg)
        if record.exc_info and record.exc_info[1] is not None:
            line |= describe(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def _own_words(message: object) -> str:
    found = _OWN_WORDS.match(message) if isinstance(message, str) else None
    return found[0].strip() if found else "library.message"


def configure(service: str, level: str) -> None:
    """Set up logging of this process; every line names the service."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines(service))
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)

    def add_service(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="time"),
            add_service,
            structlog.processors.JSONRenderer(
                serializer=lambda obj, **_: orjson.dumps(obj, default=str).decode()
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
