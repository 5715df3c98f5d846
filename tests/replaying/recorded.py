"""Recordings for tests of replays: two lanes behind controllers, a known clock, any number of runs."""

import copy
import hashlib
from dataclasses import replace

import yaml

from edge_agent.config import recorded
from edge_agent.config.loader import load_text
from edge_agent.core.events import Captured, ClockSource, ClockStatus, SceneSeen, SerialBytes, Started, Tick
from edge_agent.core.site import Site
from edge_agent.core.units import S
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from tests.road import POSTED
from tests.storefront import ZONE, live, scenes, start
from tests.test_compose import a_vehicle

# 2026-06-15T04:00:00Z at the first event of the first run.
NOON = 1_781_496_000 * S
TREE = {
    "schema": 1,
    "site": {
        "id": "bridge-test",
        "tenant": "city",
        "device_id": "ea-test",
        "place": {"lat_e7": 312304160, "lon_e7": 1214737010, "datum": "CGCS2000"},
        "legal": {"use_class": "reference"},
    },
    "ports": {
        "wim": {"device": "/dev/null", "protocol": {"kind": "wim_json", "lanes": {"1": "1", "2": "2"}}}
    },
    "lanes": {
        lane: {"port": "wim", "scale": {"calibration": {"id": "test"}}, "limits": {"posted": dict(POSTED)}}
        for lane in ("1", "2")
    },
}


def a_site(folder, **changes):
    """The two lanes; `changes` are whole parts of the tree."""
    tree = copy.deepcopy(TREE) | changes
    return load_text(yaml.safe_dump(tree, allow_unicode=True), folder / "site.yaml")


def on_lane(lane, name, gross_kg):
    """A controller's line."""
    return a_vehicle(name, gross_kg).replace(b'"lane": "1"', f'"lane": "{lane}"'.encode())


def a_run(number=0, *, clock=True, vehicles=6, starts=1 * S):
    """One run: a vehicle each 20 s, on lane 1 and 2 in turn, the third and fourth too heavy.

    Its monotonic clock begins near zero again; a run comes 10 minutes after the one before.
    """
    yield Started(starts, f"boot-{number}", "test", "")
    if clock:
        ahead = NOON - starts + number * 600 * S
        yield ClockStatus(starts + 1, ahead, ClockSource.NTP, synced=True, offset=0, est_error=1_000_000)
    for n in range(vehicles):
        kg = 26_000 if n % 6 in (2, 3) else 9_000
        yield SerialBytes(starts + (10 + 20 * n) * S, "wim", on_lane(n % 2 + 1, f"{number}-{n}", kg))
    yield Tick(starts + (10 + 20 * vehicles + 30) * S)


def a_writer(stream, config):
    """Of a recording with this configuration."""
    return RecordingWriter(stream, RecordingHeader("test", config.sha256(), recorded.to_text(config)))


def recording(path, events, config, *, live=lambda decided: decided, torn=False):
    """What a daemon with this configuration would have left of these events; `live` tampers with it."""
    site = Site(config.core())
    with path.open("wb") as stream:
        writer = a_writer(stream, config)
        for event in events:
            writer.event(event)
            for decision in live(site.step(event)):
                writer.decision(decision)
            writer.flush()
        if not torn:
            writer.close()
    return path


class _Recorded:
    """A core, with everything that it sees and decides written down."""

    def __init__(self, site, writer, changed=lambda event: event):
        self._site = site
        self._writer = writer
        self._changed = changed

    @property
    def deadline(self):
        return self._site.deadline

    def step(self, event):
        event = self._changed(event)
        self._writer.event(event)
        decided = self._site.step(event)
        for decision in decided:
            self._writer.decision(decision)
        return decided


def with_digests(event):
    """The same with digests that are some: those of `tests.storefront` are words."""

    def digest(word):
        return hashlib.sha256(word.encode()).hexdigest()

    match event:
        case SceneSeen(view=view):
            return replace(event, view=replace(view, reference=digest(view.reference)), model_sha256="a" * 64)
        case Captured():
            pictures = tuple(replace(one, sha256=digest(one.sha256)) for one in event.pictures)
            return replace(event, pictures=pictures, model_sha256="a" * 64)
        case _:
            return event


def a_street(path, changed=with_digests):
    """Goods for seven minutes in one zone, nothing in the other; the rule's stay is five."""
    street = {
        "shops": {"a": {"name": "Shop A"}},
        "rules": {"shopfront": {"hours": {"enforce": []}, "stay_s": 300}},
        "cameras": {
            "cam1": {
                "video": {"url": "rtsp://192.0.2.1/main"},
                "zones": {"front": ZONE, "back": ZONE | {"polygon": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.4]]}},
            }
        },
    }
    config = a_site(path.parent, street=street, ports={}, lanes={})
    with path.open("wb") as stream:
        writer = a_writer(stream, config)
        seen = [*start(), *scenes(("", 60), ("stall", 420), ("", 300), start_s=1)]
        live(_Recorded(Site(config.core()), writer, changed), seen)
        writer.close()
    return path
