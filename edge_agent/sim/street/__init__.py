"""The street drawn: a camera's pictures of shops, goods, people and weather, with the truth of what is there.

Nothing here is photographed: what a model scores on these pictures says little about a real street.
"""

from edge_agent.sim.street.actors import Actor, Waypoint, stays, walks
from edge_agent.sim.street.clip import write_clip
from edge_agent.sim.street.draw import TrueBox, render_street, street_boxes
from edge_agent.sim.street.scene import Shop, StreetScene
from edge_agent.sim.street.script import Knock, Sky, StreetDay, Sway
from edge_agent.sim.street.things import LABELS, STRONG, WEAK, Thing, make
from edge_agent.sim.street.truth import Interval, Standing
from edge_agent.sim.street.zones import ShopZone, ground_zone, zones_of

__all__ = [
    "LABELS",
    "STRONG",
    "WEAK",
    "Actor",
    "Interval",
    "Knock",
    "Shop",
    "ShopZone",
    "Sky",
    "Standing",
    "StreetDay",
    "StreetScene",
    "Sway",
    "Thing",
    "TrueBox",
    "Waypoint",
    "ground_zone",
    "make",
    "render_street",
    "stays",
    "street_boxes",
    "walks",
    "write_clip",
    "zones_of",
]
