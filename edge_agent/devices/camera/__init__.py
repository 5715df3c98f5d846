"""Cameras: compressed video kept in a ring, stills and clips taken out of it, pictures sampled from it."""

from edge_agent.devices.camera.camera import Camera, CameraStatus, Frame, NoFrame
from edge_agent.devices.camera.capture import CaptureWorker
from edge_agent.devices.camera.sampler import Sampler, SamplerStats
from edge_agent.devices.camera.settings import CameraSettings, ViewSettings

__all__ = [
    "Camera",
    "CameraSettings",
    "CameraStatus",
    "CaptureWorker",
    "Frame",
    "NoFrame",
    "Sampler",
    "SamplerStats",
    "ViewSettings",
]
