"""What a technician does at commissioning, done for a drawn street: accept pictures of its clear pavement."""

from __future__ import annotations

from edge_agent.devices.camera.stills import to_jpeg
from edge_agent.devices.scene.bank import ReferenceBank
from edge_agent.sim.street.script import StreetDay

QUALITY = 95


def accept_references(day: StreetDay, bank: ReferenceBank, by: str, at_utc: str) -> None:
    """One for each light, ground and sun of the day."""
    for name, image in day.references():
        data = to_jpeg(image, QUALITY)
        bank.accept(data, condition(name), by=by, at_utc=at_utc, origin=f"rendered {name}", beside=True)


def condition(name: str) -> str:
    """The bank's word for what `StreetDay.references` calls light-weather, -clouds, -2.

    >>> condition("day-rain-clouds"), condition("night-dry"), condition("day-dry-2")
    ('overcast-wet', 'night-dry', 'day-dry')
    """
    light, weather, *more = name.split("-")
    light = "overcast" if light == "day" and "clouds" in more else light
    return f"{light}-{'dry' if weather == 'dry' else 'wet'}"
