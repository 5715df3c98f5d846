"""Drawn pictures of number plates as a road camera would have them, with the truth of what they say.

Nothing here is photographed: what a reader scores on these pictures says little about a real road.
"""

from edge_agent.sim.plate_shots.shots import CONDITIONS, KINDS, PlateShot, plate_shot, plate_shots

__all__ = ["CONDITIONS", "KINDS", "PlateShot", "plate_shot", "plate_shots"]
