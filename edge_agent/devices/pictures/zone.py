"""What is known of a zone before any picture is taken: where it lies, and what clear ground looks like."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.core.units import Ns

Points = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ZoneDrawing:
    """A zone as it is drawn: corners in permille of the picture, origin top-left."""

    polygon: Points
    door_line: Points = ()
    name: str = ""  # as people know it: the shop's sign

    def moved(self, dx: int, dy: int) -> ZoneDrawing:
        """The zone in a picture whose view lies so far (permille) from the reference."""
        return replace(
            self,
            polygon=tuple((x + dx, y + dy) for x, y in self.polygon),
            door_line=tuple((x + dx, y + dy) for x, y in self.door_line),
        )


@dataclass(frozen=True, slots=True)
class ReferencePicture:
    """The accepted picture of a camera's clear ground, as it was accepted, byte for byte."""

    data: bytes  # JPEG or PNG
    width: int
    height: int
    captured_at: Ns | None = None  # monotonic; None: before this start of the box

    @property
    def media_type(self) -> str:
        """By its first bytes."""
        return "image/png" if self.data.startswith(b"\x89PNG") else "image/jpeg"
