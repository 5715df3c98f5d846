"""A long stay in real time, once, and the same through replay: goods that stand longer than the rule allows.

The real daemon watches a rendered street over RTSP. Goods are put out soon after the beginning and taken in
when the case has been made; nothing else happens but people who walk by. Then `edge-agent replay` gets the
daemon's journal: the same decisions, in seconds. Of the rule's times only the stay is another one than the
default, unless it is so short that all of them are the demo's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.bench import street_site
from edge_agent.bench.kill_daemon import Daemon
from edge_agent.bench.rtsp_camera import Clip, RtspCamera
from edge_agent.config.recorded import to_text
from edge_agent.core.decisions import SealStreet
from edge_agent.core.scene import Phase
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import Ns, S
from edge_agent.demo.street import CAMERA, SCALED, SIZE, ZONES
from edge_agent.devices import clock
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.errors import UsageError
from edge_agent.journal.opening import open_all
from edge_agent.sim.street.actors import Actor, stays, walks
from edge_agent.sim.street.script import StreetDay
from edge_agent.sim.street.things import make

FPS = 5
QUALITY = "27"  # a quarter of an hour must fit into memory
LOOK_S = 0.5
# A stay shorter than this cannot be one of the default rule's, whose candidate takes a minute.
SHORT_S = 61
SEEN_S = 12  # from their being put out to their counting: a look every 2 s, and they must be seen to stand
LATEST_S = 10  # a case may be made so long after its time: pictures are seconds apart
# What is put out: kind, where along the shop's front, look.
GOODS = (("vendor_cart", 0.55, 31), ("movable_sign", 0.25, 3))
ZONE = f"{ZONES[0]}_{CAMERA}"


@dataclass(frozen=True, slots=True)
class Plan:
    """When what happens, seconds."""

    length_s: int
    stay_s: int

    @property
    def put_out_s(self) -> int:
        """When the goods are put out."""
        return max(6, self.length_s // 50)

    @property
    def taken_in_s(self) -> int:
        """When they are taken in."""
        return self.put_out_s + self.stay_s * 11 // 10 + SEEN_S

    @property
    def rule(self) -> dict[str, Any]:
        """Of both rules."""
        scaled = SCALED if self.stay_s < SHORT_S else {}
        default = RuleSettings().model_dump(mode="json")
        times = {name: scaled.get(name, default[name]) for name in SCALED}
        return times | {"stay_s": self.stay_s, "recheck_s": 0, "hours": {"enforce": []}}

    def checked(self) -> Plan:
        """This one.

        Raises:
            UsageError: the stream ends before the case is cleared.
        """
        least = self.taken_in_s + self.rule["clear_s"] + LATEST_S
        if self.length_s < least:
            raise UsageError(f"a stay of {self.stay_s} s needs a stream of {least} s or more")
        return self

    def day(self) -> StreetDay:
        """The demo's street, with one shop's goods."""
        scene = street_site.a_minute().day.scene
        zone = StreetDay(scene, (), 1).zones[0]
        x0, y0, x1, _ = zone.rect_mm
        start, end = self.put_out_s * S, self.taken_in_s * S
        actors: list[Actor] = []
        for kind, share, look in GOODS:
            thing = make(kind, x0 + round(share * (x1 - x0)), y0 + 900, look)
            actors.append(stays(f"{kind}-{look}", "goods", thing, start, end))
        for number in range(self.length_s // 7 + 1):
            row = 2_700 + 350 * (number % 4)
            way = ((-9_000, row), (11_000, row)) if number % 2 else ((11_000, row), (-9_000, row))
            who = make("person", 0, 0, 100 + number % 20)
            actors.append(walks(f"passer-{number}", "passer", who, 7 * number * S, way, 1_250))
        length = self.length_s * S
        here = tuple(actor for actor in actors if actor.from_ns < length)
        return StreetDay(scene, here, length, name=f"stay-{self.stay_s}")


def run(
    plan: Plan,
    detector: DetectorSettings,
    progress: street_site.Progress = lambda _what, _done, _of: None,
) -> dict[str, Any]:
    """Live through it, replay it, compare.

    Args:
        plan: when what happens.
        detector: the model.
        progress: told what is done.

    Raises:
        UsageError: the plan does not fit.
    """
    day = plan.checked().day()
    clip = Clip.read(street_site.clip_of(day, SIZE, plan.length_s, progress, FPS, QUALITY))
    with tempfile.TemporaryDirectory(prefix="edge-agent-dwell-") as name:
        root = Path(name)
        begun, ended_well, claims = _live(root, plan, day, clip, detector, progress)
        seals = [
            decision
            for recording in open_all(root / "journal")
            for decision in recording.decisions()
            if isinstance(decision, SealStreet)
        ]
        progress("replaying", 0, 1)
        replayed = _replay(root)
    found = _found(plan, seals, begun)
    good = ended_well and claims >= len(seals) and found["as_expected"] and bool(replayed["identical"])
    return {
        "simulated": True,
        "seconds": plan.length_s,
        "stay_s": plan.stay_s,
        "put_out_s": plan.put_out_s,
        "taken_in_s": plan.taken_in_s,
        "model": Path(detector.model).name,
        **found,
        "sealed": claims,
        "replay": replayed,
        "good": good,
    }


def _live(
    root: Path,
    plan: Plan,
    day: StreetDay,
    clip: Clip,
    detector: DetectorSettings,
    progress: street_site.Progress,
) -> tuple[Ns, bool, int]:
    """When the first picture was taken, whether the daemon ended well, how much it called sealed."""
    camera = RtspCamera(clip)
    site = street_site.street_site(root, day, {CAMERA: camera.url}, detector, plan.rule)
    (root / "site.yaml").write_text(to_text(site), encoding="utf-8")
    daemon = Daemon(root / "site.yaml", root / "daemon.log")
    camera.begin()
    begun = clock.monotonic()
    try:
        daemon.start()
        while (lived := (clock.monotonic() - begun) / S) < plan.length_s:
            daemon.check()
            progress("in real time, seconds", int(lived), plan.length_s)
            time.sleep(LOOK_S)
        ended_well = daemon.finish()
    finally:
        daemon.kill()
        camera.stop()
    return begun, ended_well, len(daemon.claims())


def _found(plan: Plan, seals: list[SealStreet], begun: Ns) -> dict[str, Any]:
    """What was concluded, beside what was true."""
    reports = [seal.report for seal in seals]
    steps = [
        {
            "zone": report.zone,
            "phase": str(report.phase),
            "at_s": round((report.judged_at - begun) / S, 1),
            "dwell_s": round(report.dwell / S, 1),
            "pictures": len(seal.pictures),
        }
        for seal, report in zip(seals, reports, strict=True)
    ]
    confirmed = [r for r in reports if r.phase is Phase.CONFIRMED]
    late = [(r.judged_at - begun) / S - plan.put_out_s - plan.stay_s for r in confirmed]
    as_expected = (
        [(r.zone, r.phase) for r in reports] == [(ZONE, Phase.CONFIRMED), (ZONE, Phase.CLEARED)]
        and 0 <= late[0] <= LATEST_S
        and len({seal.case for seal in seals}) == 1
    )
    return {
        "records": steps,
        "confirmed_late_s": round(late[0], 1) if late else None,
        "as_expected": as_expected,
    }


def _replay(root: Path) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "edge_agent",
        "replay",
        str(root / "journal"),
        "--out",
        str(root / "out"),
    ]
    done = subprocess.run(  # noqa: S603 - ours
        [*command, "--json"], capture_output=True, text=True, check=False
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"identical": False, "failed": done.stderr[-1000:]}
    kept = ("events", "decisions", "recorded_s", "took_s", "times_real_time", "identical")
    return {name: answer[name] for name in kept}


def text(result: Mapping[str, Any]) -> str:
    """For a person."""
    span = f"a rule of {result['stay_s']} s over a stream of {result['seconds']} s in real time"
    lines = [
        f"{span}, rendered; {result['model']}",
        f"  goods out at {result['put_out_s']} s, in at {result['taken_in_s']} s",
    ]
    for row in result["records"]:
        stood = f"stood {row['dwell_s']:.1f} s, {row['pictures']} pictures"
        lines.append(f"  {row['at_s']:8.1f} s  {row['phase']} {row['zone']}, {stood}")
    late = result["confirmed_late_s"]
    lines.append(f"  confirmed {late} s after its time" if late is not None else "  NOT confirmed")
    replay = result["replay"]
    same = "identical decisions" if replay["identical"] else "DIFFERENT decisions"
    lines.append(
        f"  replay: {replay.get('events')} events of {replay.get('recorded_s')} s in "
        f"{replay.get('took_s')} s, {same}"
    )
    lines.append("GOOD" if result["good"] else "BAD")
    return "\n".join(lines)
