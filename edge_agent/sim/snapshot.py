"""The plainest picture a camera could push: a plate on grey. `sim/render` draws better ones."""

from __future__ import annotations

from edge_agent.sim.world import Passage

BLANK_BGR = (90, 90, 95)  # a covered plate, or none
SIZE = (240, 400)  # height, width
PLATE = (280, 90)  # width, height


def plain_picture(passage: Passage) -> bytes:
    """A JPEG of some kilobytes."""
    import cv2  # noqa: PLC0415 - heavy, and only this needs it
    import numpy as np  # noqa: PLC0415

    from edge_agent.sim.plate_face import plate_face  # noqa: PLC0415 same
    from edge_agent.sim.render.mounted import as_seen, mounted_plate  # noqa: PLC0415 same

    picture = np.full((*SIZE, 3), 128, dtype=np.uint8)
    width, height = PLATE
    board = picture[85 : 85 + height, 60 : 60 + width]
    plate = mounted_plate(as_seen(passage), "front")
    face = plate_face(plate.text, plate.colour, plate.rows) if plate else None
    board[:] = BLANK_BGR if face is None else cv2.resize(face, PLATE, interpolation=cv2.INTER_AREA)
    kind = passage.vehicle.kind
    cv2.putText(picture, kind, (10, 225), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (60, 60, 60), 1, cv2.LINE_AA)
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return bytes(jpeg)
