"""What all tests of the console use."""

from types import SimpleNamespace

import pytest

from edge_agent.console.recent import Recent
from edge_agent.core.events import ClockSource, ClockStatus, Tick
from edge_agent.core.units import Ns
from edge_agent.evidence.uplink.state import PartState
from tests.web.conftest import quick_passwords

__all__ = ["quick_passwords"]


@pytest.fixture
def box_of():
    """A box that has decided these things, and of which nothing else is known."""

    def make(*decisions):
        recent = Recent(lambda _port: (), {"1": "wim"})
        recent.stepped(Tick(Ns(1)), decisions)
        health = SimpleNamespace(
            level=lambda: "degraded",
            unwell=lambda: [PartState(part="port/wim", state="blind", detail="unplugged")],
            glance=lambda: None,
        )
        return SimpleNamespace(
            recent=recent,
            health=health,
            cameras={},
            zones=dict,
            config=SimpleNamespace(street=None),
            clock=lambda: ClockStatus(Ns(0), Ns(0), ClockSource.NONE, False, Ns(0), None),
            utc_us=lambda _at: None,
        )

    return make
