"""A clip as a network camera: MPEG-TS over HTTP on loopback, at the clip's own speed, never encoded again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from edge_agent.core.units import Ns, S
from edge_agent.devices.camera.ring import to_ns


class StreamServer:
    """Plays one clip to whoever connects, from where it would be by now.

    Args:
        clip: the video file.
        clock: the box's monotonic clock.
        port: where it listens; 0: a free one.
    """

    def __init__(self, clip: Path, clock: Callable[[], Ns], port: int = 0) -> None:
        self._clip = clip
        self._clock = clock
        self._began = Ns(0)
        self._begun = threading.Event()
        self._stop = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="stream", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What a camera's `video.url` is set to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/street.ts"

    def begin(self, origin: Ns) -> None:
        """The clip's first picture is taken at `origin`; connections wait until then."""
        self._began = origin
        self._begun.set()

    def stop(self) -> None:
        """End every connection."""
        self._stop.set()
        self._begun.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "video/mp2t")
                self.end_headers()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                server._play(self.wfile)

            def log_message(self, *_args: object) -> None:
                """Nothing: the camera says what it sees."""

        return Handler

    def _play(self, target: Any) -> None:
        import av  # noqa: PLC0415 - heavy: loads FFmpeg

        self._begun.wait()
        try:
            with av.open(str(self._clip)) as source:
                stream = source.streams.video[0]
                if self._stop.is_set() or not self._go_to_now(source, stream):
                    return
                options = {"flush_packets": "1"}
                with av.open(target, "w", format="mpegts", options=options) as sink:
                    self._send(source, stream, sink)
        except (OSError, av.FFmpegError):
            return  # whoever watched has gone

    def _go_to_now(self, source: Any, stream: Any) -> bool:
        """Stand at the last keyframe before now; False when the clip is over: nothing comes twice."""
        passed = self._clock() - self._began
        if stream.duration is not None and passed >= to_ns(stream.duration, stream.time_base):
            return False
        if passed > 0:
            ticks = int(passed / S / stream.time_base)
            source.seek((stream.start_time or 0) + ticks, stream=stream)
        return True

    def _send(self, source: Any, stream: Any, sink: Any) -> None:
        out = sink.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.pts is None or not packet.size:
                continue
            due = self._began + to_ns(packet.pts - (stream.start_time or 0), stream.time_base)
            if self._stop.wait(max(0, due - self._clock()) / S):
                return
            packet.stream = out
            sink.mux(packet)
