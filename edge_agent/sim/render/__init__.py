"""The bridge drawn: frames, clips and pictures of simulated passages, with the truth of what is in them.

Nothing here is photographed: what a model scores on these pictures says little about a real road.
"""

from edge_agent.sim.render.clip import write_clip
from edge_agent.sim.render.draw import TrueBox, render_frame, vehicle_boxes
from edge_agent.sim.render.pictures import arrival_ns, plate_picture, vehicle_picture
from edge_agent.sim.render.scene import Scene, SceneLane, lane_polygon, reading_line

__all__ = [
    "Scene",
    "SceneLane",
    "TrueBox",
    "arrival_ns",
    "lane_polygon",
    "plate_picture",
    "reading_line",
    "render_frame",
    "vehicle_boxes",
    "vehicle_picture",
    "write_clip",
]
