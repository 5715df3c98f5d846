"""The detector: did a vehicle stand in the lane when its picture was taken, and what kind."""

from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.detector.settings import DetectorSettings

__all__ = ["Detector", "DetectorSettings"]
