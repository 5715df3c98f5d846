"""Pictures of a street case: originals out of the camera's ring, copies with marks, copies with masks."""

from edge_agent.devices.pictures.settings import PictureSettings
from edge_agent.devices.pictures.worker import PictureWorker
from edge_agent.devices.pictures.zone import ReferencePicture, ZoneDrawing

__all__ = ["PictureSettings", "PictureWorker", "ReferencePicture", "ZoneDrawing"]
