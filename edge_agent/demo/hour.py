"""The technician's hour, scripted: every command that a person types, on simulated hardware, timed.

    python -m edge_agent.demo.hour OUT

Steps say how many manual decisions they ask of a person: a value to read off a plate, a sign or a slip, a
line to draw, a "yes". What takes a person's hands (mounting, wiring, driving the truck) takes no time here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.demo.rendered import repository
from edge_agent.demo.roadside import Roadside, a_stage
from edge_agent.errors import DeviceError
from edge_agent.sim.scenario import PlannedPassage

SECONDS = 40.0  # of the test crossings, and long enough for goods to stand
GAIN_ERROR_PERMILLE = 24  # what the calibration has to find
READY_S = 60.0
BY = "王工"
# Three trucks over the bridge's posted 20 t: only what is over becomes a statement, and one plate that comes
# again within seconds is taken for a doubt.
CROSSINGS = tuple(
    PlannedPassage(at_s=at_s, kind="truck3", gross_kg=25_000, speed_kmh=speed, plate=plate)
    for at_s, speed, plate in ((4, 18, "沪D00001"), (18, 24, "沪D00002"), (30, 20, "沪D00003"))
)
# What a person decides for `site.yaml`, read off the signs and plates around the box.
DECIDED = (
    "posted limit", "instrument protocol", "serial port", "camera address", "lane polygon", "reading line",
    "distance to the reading line", "shops and their zones", "door lines", "use class", "broker",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the technician did."""

    what: str
    command: str
    seconds: float
    decisions: int
    outcome: str


class Hour:
    """Does the steps one after the other and remembers them."""

    def __init__(self, out: Path, say: Callable[[str], None]) -> None:
        self._out = out
        self._say = say
        self.steps: list[Step] = []

    def command(self, what: str, *arguments: str, decisions: int = 0, may_fail: bool = False) -> str:
        """Run `edge-agent ARGUMENTS`; what it printed.

        Raises:
            DeviceError: it failed.
        """
        begun = time.monotonic()
        done = subprocess.run([*_PROGRAM, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - ours
        if done.returncode and not may_fail:
            said = done.stderr[-2000:] + done.stdout[-2000:]
            raise DeviceError(f"edge-agent {' '.join(arguments)}: exit {done.returncode}: {said}")
        line = next(reversed(done.stdout.strip().splitlines() or [""]), "")
        self.note(what, "edge-agent " + " ".join(arguments), begun, decisions, line[:100])
        return done.stdout

    def note(self, what: str, command: str, begun: float, decisions: int, outcome: str) -> None:
        """Something that was done by hand, or waited for."""
        step = Step(what, command, round(time.monotonic() - begun, 1), decisions, outcome)
        self.steps.append(step)
        self._say(f"{step.seconds:6.1f} s  {step.decisions:2d} decisions  {what}: {outcome}")


_PROGRAM = (sys.executable, "-m", "edge_agent")


def hour(out: Path, say: Callable[[str], None] = print) -> dict[str, object]:
    """The whole of it; the summary is written to `OUT/hour.json` too.

    Raises:
        DeviceError: a step failed.
    """
    done = Hour(out, say)
    with Roadside(out, a_stage(CROSSINGS, SECONDS, GAIN_ERROR_PERMILLE)) as road:
        begun = time.monotonic()
        road.prepare(lambda *_: None)
        say(f"{time.monotonic() - begun:6.1f} s  (not counted) the simulated place is built")
        site, root = str(road.write_site()), road.places.root
        done.note("configuration from the template", "edit site.yaml", time.monotonic(), len(DECIDED), site)
        done.command("check it", "config", "check", site)
        done.command("the box's key", "identity", "init", "--config", site)
        _calibrate(done, root, site)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        assert road.stage.street is not None
        road.stage.street.accept_reference(road.places.references, since)
        done.note(
            "pictures of the clear pavement accepted",
            "into the bank, as `reference accept` does",
            time.monotonic(),
            1,
            "east",
        )
        with _daemon(root, site) as log:
            begun = time.monotonic()
            truth = road.play()
            done.note("test crossings and goods put out", "drive, put out", begun, 0, f"{len(truth)} passes")
            done.command("what is wrong", "doctor", "--config", site, "--lang", "en", may_fail=True)
            report = _commission(done, root, site, since)
            say(f"log {log}")
    return _summary(done, out, report)


def _calibrate(done: Hour, root: Path, site: str) -> None:
    """Runs of the truck as a recording: fifteen passes in 25 minutes of road, made faster than they last."""
    scenarios, runs = repository() / "configs", root / "runs.mcap"
    proposal, truck = root / "proposal.yaml", scenarios / "test-truck.yaml"
    scenario = str(scenarios / "scenarios" / "test-truck.yaml")
    begun = time.monotonic()
    simulate = [*_PROGRAM, "simulate", scenario, "--seed", "1", "--out", str(runs)]
    subprocess.run(simulate, check=True, capture_output=True)  # noqa: S603 - ours
    done.note(
        "the truck drives: 15 passes", "simulate (25 min of road)", begun, 2, "weight and axles off the slip"
    )
    done.command(
        "factor, interval, class", "calibrate", "truck", str(runs), "--config", site, "--truck", str(truck),
        "--lane", "1", "--out", str(proposal),
    )  # fmt: skip
    done.command(
        "applied", "calibrate", "apply", str(proposal), "--config", site, "--by", BY, "--yes", decisions=1
    )


def _commission(done: Hour, root: Path, site: str, since: str) -> dict[str, object]:
    said = done.command(
        "examined and signed", "commission", "--config", site, "--by", BY, "--organisation", "示例公司",
        "--outcome", "accepted_with_remarks", "--remarks", "模拟场地 simulated site", "--since", since,
        "--out", str(root / "report"), "--json", decisions=2,
    )  # fmt: skip
    found: dict[str, object] = json.loads(said)
    return found


@contextmanager
def _daemon(root: Path, site: str) -> Iterator[Path]:
    """`edge-agent run`, until the steps are done."""
    log = root / "daemon.log"
    with log.open("wb") as words:
        process = subprocess.Popen([*_PROGRAM, "run", "--config", site], stdout=words, stderr=words)  # noqa: S603 - ours
        try:
            _wait_ready(process, log)
            yield log
        finally:
            process.terminate()
            process.wait(READY_S)


def _wait_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        if " at " in log.read_text("utf-8", errors="replace"):
            return
        time.sleep(0.1)
    raise DeviceError(f"the daemon did not start; see {log}")


def _summary(done: Hour, out: Path, report: dict[str, object]) -> dict[str, object]:
    summary: dict[str, object] = {
        "simulated": True,
        "steps": [asdict(step) for step in done.steps],
        "minutes": round(sum(step.seconds for step in done.steps) / 60, 1),
        "decisions": sum(step.decisions for step in done.steps),
        "commissioning": report,
    }
    path = out / "hour.json"
    path.write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return summary


def main(arguments: Sequence[str]) -> int:
    """`python -m edge_agent.demo.hour OUT`."""
    out = Path(arguments[0] if arguments else "out/hour")
    try:
        found = hour(out)
    except DeviceError as error:
        print(error, file=sys.stderr)
        return 1
    report = found["commissioning"]
    assert isinstance(report, dict)
    print(f"{found['minutes']} minutes, {found['decisions']} manual decisions (simulated)")
    print(f"report {report['report']}; receipted: {report['receipted']}")
    return 0 if report["receipted"] else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
