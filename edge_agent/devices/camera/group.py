"""Decodes groups of pictures only as far as somebody wants to see.

Packets are kept compressed until a picture is wanted; then everything from where decoding stopped up
to it is decoded, without the pictures that no other refers to. The rest of the group is dropped
undecoded when the next keyframe comes. The decoder itself stays open for as long as the stream does.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge_agent.devices.camera import decode
from edge_agent.devices.camera.feed import Arrived
from edge_agent.devices.camera.ring import StreamInfo
from edge_agent.errors import DeviceError

# A group longer than this is given up: 80 s at 25 pictures a second, or what no camera sends in one group.
MOST_PACKETS, MOST_BYTES = 2_000, 64_000_000
# A wanted picture comes out of the decoder after at most this many more; H.264 and H.265 allow 16.
LATEST = 32

# Where pictures that no other refers to are marked, and a decoder gives out at once what it still holds
# when asked. MPEG-4's places for pictures that are not coded do neither; its files are decoded plainly.
SHORT_CUTS = ("h264", "hevc")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class DecodeCounts:
    """What decoding has cost and lost so far."""

    decoded: int = 0  # pictures that the decoder put out, wanted or not
    wanted: int = 0
    errors: int = 0  # packets that could not be decoded
    lost: int = 0  # wanted pictures that did not come out whole
    groups: int = 0
    groups_given_up: int = 0  # damaged, or without end


@dataclass(slots=True)
class _Wanted:
    """A picture that is to come out."""

    arrived: Arrived
    since: int | None = None  # packets that the decoder has had after its own


class GroupDecoder:
    """One stream's decoder; feed it every packet, in decoding order.

    Args:
        hwaccel: none | auto | the name of one of FFmpeg's device types.
        max_width: pictures wider than this are made smaller, their aspect kept; 0 = as they are.
    """

    def __init__(self, hwaccel: str, max_width: int = 0) -> None:
        import av.video.reformatter  # noqa: PLC0415 heavy: loads FFmpeg

        self._hwaccel = hwaccel
        self._max_width = max_width
        self._reformatter = av.video.reformatter.VideoReformatter()
        self._info: StreamInfo | None = None
        self._decoder: Any = None
        self._group: list[Arrived] = []
        self._bytes = 0
        self._fed = 0  # packets of the group that the decoder has had
        self._open: dict[int, _Wanted] = {}  # by pts
        self._usable = False  # the group can be decoded from where it stands
        self.counts = DecodeCounts()
        self.device = ""  # what decodes: "cpu", "vaapi", "cpu (vaapi: why it does not)"

    def add(self, arrived: Arrived, *, wanted: bool, more: bool) -> list[tuple[Arrived, Any]]:
        """Take in a packet; the pictures that are finished by it, (h, w, 3) BGR.

        Args:
            arrived: the packet.
            wanted: its own picture is to come out, now or with one of the next packets.
            more: another picture of this group is likely to be wanted.
        """
        done: list[tuple[Arrived, Any]] = []
        if arrived.packet.keyframe:
            done += self.finish()
            self._begin(arrived)
        if not self._usable or arrived.packet.stream is not self._info:
            self.counts.lost += wanted
            return done
        self._group.append(arrived)
        self._bytes += len(arrived.packet.data)
        if wanted:
            self.counts.wanted += 1
            self._open[arrived.packet.pts] = _Wanted(arrived)
        if self._open:
            done += self._advance()
            if self._open and not more and arrived.packet.stream.codec in SHORT_CUTS:
                done += self.finish()  # do not decode what follows only to get out what is inside
        if len(self._group) >= MOST_PACKETS or self._bytes >= MOST_BYTES:
            self._give_up()
        return done

    def finish(self) -> list[tuple[Arrived, Any]]:
        """Get out the wanted pictures that the decoder still holds; it then stands before its keyframe."""
        if not self._open:
            return []
        done = list(self._decode(None))
        self.counts.lost += len(self._open)
        self._open.clear()
        self._rewind()
        return done

    def reset(self) -> None:
        """Forget the decoder and all it holds; the next keyframe opens a new one."""
        self.counts.lost += len(self._open)
        self._open.clear()
        self._group, self._bytes, self._fed = [], 0, 0
        self._info, self._decoder, self._usable = None, None, False

    def _begin(self, keyframe: Arrived) -> None:
        info = keyframe.packet.stream
        self.counts.groups += 1
        if info is not self._info:
            self._info, self._decoder = info, self._open_decoder(info)
        elif self._fed:
            self._rewind()
        self._group, self._bytes, self._fed = [], 0, 0
        self._usable = self._decoder is not None

    def _open_decoder(self, info: StreamInfo) -> Any:
        reasons = []
        for name, device in (*_accelerators(self._hwaccel), ("cpu", None)):
            try:
                decoder = decode.open_decoder(info, device)
            except DeviceError as problem:
                reasons.append(f"{name}: {problem}")
            else:
                self.device = f"{name} ({'; '.join(reasons)})" if reasons else name
                break
        else:
            decoder, self.device = None, f"none ({'; '.join(reasons)})"
            self.counts.errors += 1
        if reasons:
            log.warning("pictures are decoded by: %s", self.device)
        return decoder

    def _rewind(self) -> None:
        self._decoder.flush_buffers()
        self._fed = 0

    def _give_up(self) -> None:
        """Nothing more of this group: what follows damage only looks like a picture."""
        self.counts.groups_given_up += 1
        self.counts.lost += len(self._open)
        self._open.clear()
        self._group, self._bytes, self._usable = [], 0, False

    def _advance(self) -> list[tuple[Arrived, Any]]:
        done: list[tuple[Arrived, Any]] = []
        while self._fed < len(self._group) and self._usable:
            arrived = self._group[self._fed]
            self._fed += 1
            done += self._decode(arrived)
        late = [pts for pts, wanted in self._open.items() if (wanted.since or 0) > LATEST]
        for pts in late:
            del self._open[pts]
            self.counts.lost += 1
        return done

    def _decode(self, arrived: Arrived | None) -> Iterator[tuple[Arrived, Any]]:
        import av  # noqa: PLC0415 heavy: loads FFmpeg

        packet = arrived.packet if arrived else None
        needed = packet is None or packet.pts in self._open or packet.stream.codec not in SHORT_CUTS
        # Setting this between two packets is allowed: libavcodec looks at it for each picture.
        self._decoder.skip_frame = "DEFAULT" if needed else "NONREF"
        try:
            frames = self._decoder.decode(decode.as_packet(packet) if packet else None)
        except (av.FFmpegError, ValueError, MemoryError):
            self.counts.errors += 1
            self._give_up()
            return
        for pts, wanted in self._open.items():
            if wanted.since is not None:
                wanted.since += 1
            elif packet is not None and pts == packet.pts:
                wanted.since = 0
        for frame in frames:
            self.counts.decoded += 1
            if frame.is_corrupt:
                self.counts.errors += 1
                self._give_up()
                return
            out = self._open.pop(frame.pts, None)
            if out:
                yield out.arrived, decode.to_bgr(frame, self._max_width, self._reformatter)


def _accelerators(wanted: str) -> Iterator[tuple[str, Any]]:
    """Devices to try, with their names; none for the CPU."""
    from av.codec.hwaccel import HWAccel, hwdevices_available  # noqa: PLC0415 heavy: loads FFmpeg

    if wanted == "none":
        return
    for name in hwdevices_available() if wanted == "auto" else [wanted]:
        yield name, HWAccel(name, allow_software_fallback=False)
