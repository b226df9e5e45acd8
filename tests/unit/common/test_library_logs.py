"""What libraries log by themselves: their own words stay, values that they put into them do not."""

import asyncio
import gc
import logging

import pytest

from services.common.logs import _JsonLines

SECRET = "sk-secret-of-a-person"


@pytest.mark.promise("S01", "S45")
async def test_the_log_of_a_lost_task_holds_nothing_that_it_was_told() -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(_JsonLines("test").format(record))

    async def fail() -> None:
        raise ValueError(f"the provider said {SECRET}")

    handler, told = Kept(), logging.getLogger("asyncio")
    told.addHandler(handler)
    try:
        task = asyncio.ensure_future(fail())
        await asyncio.wait([task])
        del task
        gc.collect()
        asyncio.get_running_loop().call_soon(int, SECRET)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    finally:
        told.removeHandler(handler)
    assert any("Task exception was never retrieved" in line and "ValueError" in line for line in lines)
    assert any("Exception in callback" in line for line in lines)
    assert not any(SECRET in line for line in lines)


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Unclosed connection\nclient_connection: <sk-secret>", "Unclosed connection"),
        (
            "Task was destroyed but it is pending!\ntask: <Task sk-secret>",
            "Task was destroyed but it is pending!",
        ),
        ("Exception in callback read('sk-secret')", "Exception in callback read"),
        ("socket.send() raised exception.", "socket.send"),
        ("got {'a': 'sk-secret'}", "got"),
        ("", ""),
    ],
)
def test_the_words_of_a_library_end_where_a_value_may_begin(message: str, kept: str) -> None:
    record = logging.LogRecord("lib", logging.ERROR, "f", 1, message, None, None)
    line = _JsonLines("test").format(record)
    assert f'"event":"{kept}"' in line
    assert "sk-secret" not in line
