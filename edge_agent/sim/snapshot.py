"""The plainest picture a camera could push: a plate on grey. `sim/render` draws better ones."""

from __future__ import annotations

from edge_agent.sim.world import Passage

# Background of each colour of plate, blue-green-red.
PLATES_BGR = {
    "blue": (160, 70, 20),
    "yellow": (40, 180, 230),
    "green": (110, 180, 90),
    "yellow_green": (80, 190, 170),
    "white": (235, 235, 235),
    "black": (30, 30, 30),
}
BLANK_BGR = (90, 90, 95)  # a covered plate
SIZE = (240, 400)  # height, width


def plain_picture(passage: Passage) -> bytes:
    """A JPEG of some kilobytes; the province's character is left out, OpenCV has no font for it."""
    import cv2  # noqa: PLC0415 - heavy, and only this needs it
    import numpy as np  # noqa: PLC0415

    vehicle = passage.vehicle
    covered = "covered_plate" in passage.behaviours
    picture = np.full((*SIZE, 3), 128, dtype=np.uint8)
    colour = BLANK_BGR if covered else PLATES_BGR.get(vehicle.plate_colour, BLANK_BGR)
    cv2.rectangle(picture, (60, 90), (340, 170), colour, -1)
    if not covered:
        ink = (20, 20, 20) if sum(colour) > 350 else (240, 240, 240)
        text = vehicle.plate[1:]
        cv2.putText(picture, text, (80, 145), cv2.FONT_HERSHEY_SIMPLEX, 1.4, ink, 3, cv2.LINE_AA)
    cv2.putText(picture, vehicle.kind, (10, 225), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (60, 60, 60), 1, cv2.LINE_AA)
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return bytes(jpeg)
