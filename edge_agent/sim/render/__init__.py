"""The bridge drawn: frames, clips and pictures of simulated passages, with the truth of what is in them.

Nothing here is photographed: what a model scores on these pictures says little about a real road.
"""

from edge_agent.sim.render.draw import TrueBox, render_frame, vehicle_boxes
from edge_agent.sim.render.scene import Scene, SceneLane, lane_polygon

__all__ = ["Scene", "SceneLane", "TrueBox", "lane_polygon", "render_frame", "vehicle_boxes"]
