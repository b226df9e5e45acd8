"""A channel that is built anew when its certificates are renewed, without a lost call."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc

from services.common.rpc.certificates import CertificateFiles, Material

Build = Callable[[Material], grpc.aio.Channel]


class _Built:
    """One channel of gRPC's own, with the number of its calls that have not ended."""

    def __init__(self, material: Material, channel: grpc.aio.Channel) -> None:
        self.material = material
        self.channel = channel
        self.calls = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def count(self, call: Any) -> None:
        self.calls += 1
        self.idle.clear()
        call.add_done_callback(self._ended)

    def _ended(self, _: Any) -> None:
        self.calls -= 1
        if not self.calls:
            self.idle.set()


class _Method:
    """One method of a stub: each call goes through the channel that is the present one when it starts."""

    def __init__(self, renewed: "RenewedChannel", kind: str, args: Any, options: Any) -> None:
        self._renewed = renewed
        self._make = (kind, args, options)
        self._built: _Built | None = None
        self._callable: Any = None

    def __call__(self, *args: Any, **options: Any) -> Any:
        built = self._renewed.built()
        if built is not self._built:
            kind, made_with, made_options = self._make
            self._callable = getattr(built.channel, kind)(*made_with, **made_options)
            self._built = built
        call = self._callable(*args, **options)
        built.count(call)
        return call


class RenewedChannel(grpc.aio.Channel):
    """Builds a channel, and another one once the certificates have changed.

    Calls that have started go on over the connection on which they started: it was verified when it was made.
    The old channel is closed when the last of them has ended.
    """

    def __init__(self, files: CertificateFiles, build: Build) -> None:
        self._files = files
        self._build = build
        self._closing: set[asyncio.Task[None]] = set()
        material = files.current()
        self._built = _Built(material, build(material))

    def built(self) -> _Built:
        """Return the channel for a call that starts now."""
        material = self._files.current()
        if material is not self._built.material:
            old, self._built = self._built, _Built(material, self._build(material))
            task = asyncio.ensure_future(self._close(old))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return self._built

    async def _close(self, old: _Built) -> None:
        # Every call has a deadline, so this ends.
        await old.idle.wait()
        await old.channel.close()

    async def __aenter__(self) -> "RenewedChannel":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self, grace: float | None = None) -> None:
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._built.channel.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        return self.built().channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        await self._built.channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        await self.built().channel.channel_ready()

    def unary_unary(self, *args: Any, **options: Any) -> Any:
        return _Method(self, "unary_unary", args, options)

    def unary_stream(self, *args: Any, **options: Any) -> Any:
        return _Method(self, "unary_stream", args, options)

    def stream_unary(self, *args: Any, **options: Any) -> Any:
        return _Method(self, "stream_unary", args, options)

    def stream_stream(self, *args: Any, **options: Any) -> Any:
        return _Method(self, "stream_stream", args, options)
