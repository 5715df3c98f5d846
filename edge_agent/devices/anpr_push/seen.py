"""A read in a camera's words into the event, with the lanes of this site."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.core.events import PlateSeen
from edge_agent.core.records import Picture
from edge_agent.core.units import Ns
from edge_agent.devices.anpr_push.push import Push
from edge_agent.devices.anpr_push.settings import AnprCameraSettings

JPEG = "image/jpeg"


def seen(
    at: Ns, name: str, camera: AnprCameraSettings, push: Push, keep: Callable[[bytes], str]
) -> PlateSeen | None:
    """The event; None for a read of a lane that has no scale: nobody's plate is kept who did not cross one.

    Args:
        at: when it was received.
        name: the camera's id.
        camera: how its lane numbers map.
        push: what it said.
        keep: takes a picture's bytes, gives their SHA-256.
    """
    if camera.lanes and push.camera_lane and push.camera_lane not in camera.lanes:
        return None
    lane = camera.lanes.get(push.camera_lane, camera.lane) if push.camera_lane else camera.lane
    return PlateSeen(
        at=at,
        camera=name,
        lane=lane,
        captured_utc=push.captured_utc,
        text=push.text,
        confidence=push.confidence,
        colour=push.colour,
        vehicle=push.vehicle,
        direction=push.direction,
        alternatives=push.alternatives,
        pictures=tuple(
            Picture(p.role, keep(p.data), len(p.data), JPEG, p.width, p.height, None, name)
            for p in push.pictures
        ),
        event_id=push.event_id,
    )
