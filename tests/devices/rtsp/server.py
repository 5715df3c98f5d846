"""A camera with a real RTSP server in it (GStreamer's), told what to do over standard input.

Run by Debian's own Python, which has GObject bindings: /usr/bin/python3 server.py --help

Every picture says its own number in black and white squares, as tests/devices/conftest.py draws them,
and is taken when its number's time has come, `first + number / fps` on CLOCK_MONOTONIC, whichever
connection it goes to. Says `ready PORT FIRST_NS` when it listens. Commands, one a line, each answered
with a line `done COMMAND`:

    cut          end every connection, as a router that restarts would
    stall / go   keep the connections and send nothing / send again
    size W H     go on in another resolution, with a new sequence header inside the stream
    still / move take the same picture again and again / go on
"""

from __future__ import annotations

import argparse
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: E402 - the versions come first

BITS, CELL, NUMBERS = 10, 16, 1024
SOURCE = "appsrc name=source is-live=true format=time do-timestamp=true ! videoconvert ! "
ENCODERS = {
    # One slice a picture: rtph264pay repeats the sequence header before every slice of a keyframe, and a
    # header in the middle of a picture cuts it in two.
    "h264": "x264enc tune=zerolatency sliced-threads=false threads=1 speed-preset=ultrafast bframes={b}"
    " key-int-max={gop} pass=quant quantizer=20 option-string=scenecut=0:b-adapt=0"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} option-string=log-level=none"
    " ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1",
    "mjpeg": "jpegenc quality=85 ! rtpjpegpay name=pay0 pt=26",
}


def picture(number: int, width: int, height: int) -> bytes:
    """A planar 4:2:0 picture with its number in squares along the top and a block that moves."""
    cells = b"".join(bytes([235 if number >> bit & 1 else 16]) * CELL for bit in range(BITS))
    top = cells + bytes([90]) * (width - len(cells))
    left = number * 3 % (width - 20)
    block = bytes([90]) * left + bytes([200]) * 20 + bytes([90]) * (width - 20 - left)
    plain = bytes([90]) * width
    rows = [top] * CELL + [plain] * 24 + [block] * 40 + [plain] * (height - CELL - 64)
    return b"".join(rows) + bytes([128]) * (width * height // 2)


class Scene:
    """What is in front of the camera: which number it is time for, and whether anything is sent."""

    def __init__(self, fps: int, width: int, height: int) -> None:
        self.first = time.monotonic_ns()
        self.fps, self.size = fps, (width, height)
        self.sending = threading.Event()
        self.sending.set()
        self.still: int | None = None

    def due(self, number: int) -> float:
        return (self.first + number * 1_000_000_000 // self.fps) / 1e9

    def now(self) -> int:
        return (time.monotonic_ns() - self.first) * self.fps // 1_000_000_000


class Feeder:
    """Pushes the scene's pictures into one connection's encoder until that ends."""

    def __init__(self, scene: Scene, source: Gst.Element) -> None:
        self._scene, self._source, self._size = scene, source, None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        number, flow = self._scene.now() + 1, Gst.FlowReturn.OK
        while flow == Gst.FlowReturn.OK:
            time.sleep(max(0.0, self._scene.due(number) - time.monotonic()))
            if self._scene.sending.is_set():
                flow = self._push(number)
            number = max(number + 1, self._scene.now())

    def _push(self, number: int) -> Gst.FlowReturn:
        width, height = self._scene.size
        if self._size != (width, height):
            self._size = (width, height)
            caps = f"video/x-raw,format=I420,width={width},height={height},framerate={self._scene.fps}/1"
            self._source.set_property("caps", Gst.Caps.from_string(caps))
        shown = number if self._scene.still is None else self._scene.still
        buffer = Gst.Buffer.new_wrapped(picture(shown % NUMBERS, width, height))
        return self._source.emit("push-buffer", buffer)


def configure(_factory: object, media: GstRtspServer.RTSPMedia, scene: Scene, report_ms: int) -> None:
    """A connection begins: feed it, and have it say often what time it is (RTCP sender reports)."""

    def prepared(media: GstRtspServer.RTSPMedia) -> None:
        session = media.get_stream(0).get_rtpsession()
        session.set_property("rtcp-min-interval", report_ms * 1_000_000)
        # Reports may take a twentieth of the bandwidth: with much of it they come as often as asked.
        session.set_property("bandwidth", 1e9)

    media.connect("prepared", prepared)
    Feeder(scene, media.get_element().get_by_name("source"))


def make_server(args: argparse.Namespace, scene: Scene) -> GstRtspServer.RTSPServer:
    """The server with one address, /main, and whoever may see it."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(args.port))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {SOURCE}{ENCODERS[args.codec].format(gop=args.gop, b=args.b_frames)} )")
    factory.connect("media-configure", configure, scene, args.report_ms)
    if args.user or args.certificate:
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        if args.user:
            auth.set_supported_methods(2)  # GST_RTSP_AUTH_DIGEST, and nothing weaker
            auth.add_digest(*args.user.split(":", 1), token)
        else:
            auth.set_default_token(token)
        if args.certificate:
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(args.certificate))
        server.set_auth(auth)
        factory.add_role_from_structure(
            Gst.Structure.from_string("viewer, media.factory.access=true, media.factory.construct=true")[0]
        )
    server.get_mount_points().add_factory("/main", factory)
    server.attach(None)
    return server


def obey(line: str, server: GstRtspServer.RTSPServer, scene: Scene) -> None:
    """Carry out one command."""
    word, *rest = line.split()
    if word == "cut":
        server.client_filter(lambda *_: GstRtspServer.RTSPFilterResult.REMOVE)
    elif word == "stall":
        scene.sending.clear()
    elif word == "go":
        scene.sending.set()
    elif word == "size":
        scene.size = (int(rest[0]), int(rest[1]))
    elif word == "still":
        scene.still = scene.now()
    elif word == "move":
        scene.still = None
    else:
        raise ValueError(line)
    print("done", line.strip(), flush=True)


def main() -> None:
    """Listen, say where, and do as told until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--codec", choices=sorted(ENCODERS), default="h264")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--gop", type=int, default=25)
    parser.add_argument("--b-frames", type=int, default=0)
    parser.add_argument("--size", type=int, nargs=2, default=(320, 192))
    parser.add_argument("--report-ms", type=int, default=300)
    parser.add_argument("--user", default="", help="NAME:PASSWORD, asked for by Digest")
    parser.add_argument("--certificate", default="", help="PEM with certificate and key: rtsps")
    args = parser.parse_args()
    Gst.init(None)
    scene = Scene(args.fps, *args.size)
    server = make_server(args, scene)
    loop = GLib.MainLoop()

    def told() -> None:
        for line in sys.stdin:
            GLib.idle_add(lambda line=line: obey(line, server, scene))
        GLib.idle_add(loop.quit)

    threading.Thread(target=told, daemon=True).start()
    print("ready", server.get_bound_port(), scene.first, flush=True)
    loop.run()


if __name__ == "__main__":
    main()
