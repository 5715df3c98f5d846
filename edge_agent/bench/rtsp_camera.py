"""A network camera for the benches: RTSP over TCP on loopback, out of a clip that was encoded once.

Nothing is encoded while something is measured. One connection is one reader; each is sent the picture
that it is time for, from the keyframe before it on. The clip is played again and again; time goes on.

    [$] [channel] [length: 16] [RTP: 12 bytes, then one H.264 NAL unit, or a piece of one (FU-A)]

It can be told to misbehave; see `edge_agent.bench.hostile`.
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ADDRESS = "127.0.0.1"
RTP_CLOCK = 90_000
PAYLOAD = 1_400  # bytes of a NAL unit that fit into one packet
SPS, PPS, FU_A = 7, 8, 28
START_CODE = re.compile(b"\x00\x00\x00?\x01")

Spoil = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One compressed picture."""

    keyframe: bool
    nals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip as a camera sends it."""

    fps: int
    units: tuple[AccessUnit, ...]

    @classmethod
    def read(cls, path: Path) -> Clip:
        """An H.264 file with a fixed picture rate and no reordered pictures, as `sim.street` writes."""
        import av  # noqa: PLC0415 - heavy: loads FFmpeg

        with av.open(str(path)) as container:
            stream: Any = container.streams.video[0]
            to_nals = av.BitStreamFilterContext("h264_mp4toannexb", stream)
            units = tuple(
                AccessUnit(out.is_keyframe, tuple(n for n in START_CODE.split(bytes(out)) if n))
                for packet in container.demux(stream)
                if packet.size
                for out in to_nals.filter(packet)
            )
            return cls(round(stream.average_rate), units)

    @property
    def seconds(self) -> float:
        """Length of one pass."""
        return len(self.units) / self.fps

    def parameters(self) -> tuple[bytes, bytes]:
        """The sequence and the picture parameter set."""
        nals = [nal for unit in self.units[:1] for nal in unit.nals]
        return next(n for n in nals if n[0] & 31 == SPS), next(n for n in nals if n[0] & 31 == PPS)

    def keyframe_before(self, number: int) -> int:
        """Number of the keyframe that decodes this picture; numbers go on over the passes."""
        place = number % len(self.units)
        back = next(k for k in range(len(self.units)) if self.units[(place - k) % len(self.units)].keyframe)
        return number - min(back, place)  # every pass begins with a keyframe


class RtspCamera:
    """Serves clips until `stop`; thread-safe.

    Args:
        clips: the first is shown; `show` changes to another, in the middle of the stream.
    """

    def __init__(self, *clips: Clip) -> None:
        self.clips = clips
        self.spoil: Spoil | None = None  # applied to every packet that goes out, framing included
        self.sending = True
        self.connections = 0  # that were made so far
        self._shown = 0
        self._begun_s = time.monotonic()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, name="rtsp", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What a camera's `video.url` is set to."""
        return f"rtsp://{ADDRESS}:{self._server.server_address[1]}/main"

    @property
    def clip(self) -> Clip:
        """What is shown now."""
        return self.clips[self._shown]

    def begin(self) -> None:
        """The first picture is taken now."""
        self._begun_s = time.monotonic()

    def show(self, number: int) -> None:
        """From the next keyframe on show that clip."""
        self._shown = number

    def cut(self, *, reset: bool = False) -> None:
        """End every connection, in good order or with a TCP reset."""
        with self._lock:
            ended, self._open = self._open, set()
        for connection in ended:
            with contextlib.suppress(OSError):
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # It wakes the thread that reads from it; that one closes it, and only then is it reset.
                connection.shutdown(socket.SHUT_RD)

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self.cut()
        self._server.server_close()
        self._thread.join(5)

    # -- what connections ask ------------------------------------------------------------------------

    def opened(self, connection: socket.socket) -> None:
        """A reader has come."""
        with self._lock:
            self._open.add(connection)
            self.connections += 1

    def closed(self, connection: socket.socket) -> None:
        """It has gone."""
        with self._lock:
            self._open.discard(connection)

    def wants(self, connection: socket.socket) -> bool:
        """Whether it is still to be served."""
        with self._lock:
            return connection in self._open

    def pictures(self) -> Iterator[tuple[int, AccessUnit]]:
        """(RTP time, picture), each when its time has come, for ever."""
        clip = self.clip
        number = clip.keyframe_before(int((time.monotonic() - self._begun_s) * clip.fps))
        while True:
            unit = clip.units[number % len(clip.units)]
            if unit.keyframe and clip is not self.clip:
                clip = self.clip
                number = clip.keyframe_before(int((time.monotonic() - self._begun_s) * clip.fps))
                unit = clip.units[number % len(clip.units)]
            due_s = self._begun_s + number / clip.fps
            time.sleep(max(0.0, due_s - time.monotonic()))
            yield number * RTP_CLOCK // clip.fps, unit
            number += 1


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, camera: RtspCamera) -> None:
        self.camera = camera
        super().__init__((ADDRESS, 0), _Connection)

    def shutdown_request(self, request: Any) -> None:
        """Close it without a goodbye, so that a reset stays one."""
        self.close_request(request)


class _Connection(socketserver.StreamRequestHandler):
    """Answers RTSP; what is played is sent by a thread of its own."""

    server: _Server

    def handle(self) -> None:
        camera, self._sequence, self._writing = self.server.camera, 0, threading.Lock()
        camera.opened(self.connection)
        try:
            while (request := self._request()) is not None:
                self._answer(*request)
        except (OSError, ValueError):
            pass  # whoever watched has gone
        finally:
            camera.closed(self.connection)

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def _request(self) -> tuple[str, dict[str, str]] | None:
        """Method and headers of the next request; None at the end. RTCP between them is read over."""
        while (first := self.rfile.read(1)) == b"$":
            _channel, length = struct.unpack(">BH", self.rfile.read(3))
            self.rfile.read(length)
        if not first:
            return None
        method = (first + self.rfile.readline()).decode("latin-1").split(" ")[0]
        headers = {}
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        self.rfile.read(int(headers.get("content-length", 0)))
        return method, headers

    def _answer(self, method: str, headers: dict[str, str]) -> None:
        camera, more, body = self.server.camera, "", ""
        if method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
        elif method == "DESCRIBE":
            body = _description(*camera.clip.parameters())
            more = f"Content-Base: {camera.url}/\r\nContent-Type: application/sdp\r\n"
        elif method == "SETUP":
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1;timeout=60\r\n"
        more = f"CSeq: {headers.get('cseq', '0')}\r\n{more}Content-Length: {len(body)}\r\n"
        self._send(f"RTSP/1.0 200 OK\r\n{more}\r\n{body}".encode())
        if method == "PLAY":
            threading.Thread(target=self._play, name="rtsp-play", daemon=True).start()

    def _play(self) -> None:
        camera = self.server.camera
        try:
            for stamp, unit in camera.pictures():
                if not camera.wants(self.connection):
                    return
                if camera.sending:
                    data = b"".join(self._packets(stamp, unit))
                    self._send(camera.spoil(data) if camera.spoil else data)
        except OSError:
            return

    def _send(self, data: bytes) -> None:
        with self._writing:
            self.connection.sendall(data)

    def _packets(self, stamp: int, unit: AccessUnit) -> Iterator[bytes]:
        for nal in unit.nals:
            last = nal is unit.nals[-1]
            pieces = list(_pieces(nal))
            for piece in pieces:
                marker = 0x80 if last and piece is pieces[-1] else 0
                self._sequence = self._sequence + 1 & 0xFFFF
                head = struct.pack(">BBHII", 0x80, marker | 96, self._sequence, stamp & 0xFFFFFFFF, 0x0EA0E)
                yield struct.pack(">cBH", b"$", 0, len(head) + len(piece)) + head + piece


def _pieces(nal: bytes) -> Iterator[bytes]:
    """A NAL unit as RTP payloads (RFC 6184, 5.6 and 5.8)."""
    if len(nal) <= PAYLOAD:
        yield nal
        return
    indicator, kind = (nal[0] & 0xE0) | FU_A, nal[0] & 31
    for start in range(1, len(nal), PAYLOAD):
        begins, ends = 0x80 * (start == 1), 0x40 * (start + PAYLOAD >= len(nal))
        yield bytes((indicator, begins | ends | kind)) + nal[start : start + PAYLOAD]


def _description(sps: bytes, pps: bytes) -> str:
    sets = ",".join(base64.b64encode(nal).decode() for nal in (sps, pps))
    lines = (
        "v=0", f"o=- 1 1 IN IP4 {ADDRESS}", "s=bench", f"c=IN IP4 {ADDRESS}", "t=0 0", "m=video 0 RTP/AVP 96",
        "a=rtpmap:96 H264/90000", f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}",
        "a=control:track1", "",
    )  # fmt: skip
    return "\r\n".join(lines)
