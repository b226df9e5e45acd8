"""The way to Postgres that a test can cut or freeze, while the server itself goes on for other tests."""

import asyncio
import contextlib


class PostgresLink:
    """Passes bytes between a loopback port and the database's."""

    def __init__(self, port: int, target: int) -> None:
        self._port = port
        self._target = target
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def open(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)

    async def cut(self) -> None:
        """Refuse connections and end those that there are, as a stopped server does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        # One that is being made would stay otherwise, and its database could not be dropped for a minute.
        ending = list(self._connections)
        for connection in ending:
            connection.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        # Sockets are closed at the loop's next turn.
        await asyncio.sleep(0)

    def freeze(self) -> None:
        """Hold every byte back, as a server that hangs does."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let the bytes go on."""
        self._flowing.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        self._connections.add(own)
        ends = [writer]
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
            ends.append(there_writer)
            await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))
        finally:
            for end in ends:
                end.transport.abort()
            self._connections.discard(own)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
