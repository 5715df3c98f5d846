"""A TCP line that can be slow, late, cut, half open or reset: between a box and its broker.

It runs an event loop on a thread of its own; every method may be called from any thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from edge_agent.bench.broker import ADDRESS

READ_BYTES = 64 * 1024
GRAIN_BYTES = 4096  # of the throttle: half a second at 64 kbit/s
START_S = 10.0

Direction = Literal["up", "down"]


@dataclass(slots=True, eq=False)
class _Pair:
    """One client's connection and ours to the broker."""

    client: asyncio.StreamWriter
    broker: asyncio.StreamWriter
    reset_after: int | None
    silent: bool = False
    up: int = 0


@dataclass(slots=True)
class _Throttle:
    """One direction of the line; all connections share it."""

    free_at: float = 0.0

    def take(self, now: float, size: int, rate: int) -> float:
        """Seconds until these bytes are through."""
        self.free_at = max(now, self.free_at) + size / rate
        return self.free_at - now


@dataclass(slots=True)
class Line:
    """How the line is. Change it at any time; it counts from the next bytes on."""

    rate: int = 0  # bytes/s in each direction, 0: as fast as it goes
    delay_s: float = 0.0  # one way
    reset_after: Callable[[], int | None] = lambda: None  # asked for every connection: bytes from the client
    close_at: bytes = b""  # a client that sends this is closed at once


class Proxy:
    """Listens on `port`, forwards to `target`. Both ends are on loopback."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.line = Line()
        self.connections = 0
        self.resets = 0
        self.bytes_up = 0  # towards the broker
        self._refusing = False
        self._throttles = {"up": _Throttle(), "down": _Throttle()}
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> Proxy:
        """Listen."""
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._accept, ADDRESS, 0, limit=READ_BYTES))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def stop(self) -> None:
        """Close everything."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    def silence(self) -> None:
        """What is connected now stays so and nothing is forwarded any more: a cut cable, no FIN, no RST."""
        for pair in list(self._pairs):
            pair.silent = True

    def lose_broker(self) -> None:
        """Half open: the broker's side is closed, the client is never told."""
        self.silence()
        for pair in list(self._pairs):
            self._loop.call_soon_threadsafe(pair.broker.close)

    def reset(self) -> None:
        """RST on every connection."""
        for pair in list(self._pairs):
            self._loop.call_soon_threadsafe(self._reset, pair)

    def refuse(self, refusing: bool) -> None:
        """Whether new connections are closed at once."""
        self._refusing = refusing

    # On the loop

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S)

    async def _close(self) -> None:
        self._server.close()
        for pair in list(self._pairs):
            pair.client.close()
            pair.broker.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        pair: _Pair | None = None
        with contextlib.suppress(OSError, asyncio.CancelledError):
            if not self._refusing:
                back, forth = await asyncio.open_connection(ADDRESS, self.target, limit=READ_BYTES)
                pair = _Pair(writer, forth, self.line.reset_after())
                self._pairs.add(pair)
                await asyncio.gather(
                    self._pump(pair, reader, forth, "up"), self._pump(pair, back, writer, "down")
                )
        if pair is not None:
            self._pairs.discard(pair)
            pair.broker.close()
        writer.close()
        self._tasks.discard(task)

    async def _pump(
        self, pair: _Pair, source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: Direction
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(GRAIN_BYTES if self.line.rate else READ_BYTES):
                await self._travel(len(data), direction)
                if pair.silent:
                    continue
                if direction == "up" and not self._let_through(pair, data):
                    return
                sink.write(data)
                await sink.drain()
        if not pair.silent:  # else one side is gone and the other must not hear of it
            sink.close()

    async def _travel(self, size: int, direction: Direction) -> None:
        line = self.line
        wait_s = line.delay_s
        if line.rate:
            wait_s += self._throttles[direction].take(self._loop.time(), size, line.rate)
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def _let_through(self, pair: _Pair, data: bytes) -> bool:
        """Count bytes towards the broker; False where the connection ends on them."""
        pair.up += len(data)
        self.bytes_up += len(data)
        if pair.reset_after is not None and pair.up > pair.reset_after:
            self._reset(pair)
            return False
        if self.line.close_at and self.line.close_at in data:
            pair.client.close()
            pair.broker.close()
            return False
        return True

    def _reset(self, pair: _Pair) -> None:
        self.resets += 1
        for side in (pair.client, pair.broker):
            with contextlib.suppress(OSError):
                _socket(side).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.transport.abort()


def _socket(writer: asyncio.StreamWriter) -> socket.socket:
    found: socket.socket = writer.get_extra_info("socket")
    return found
