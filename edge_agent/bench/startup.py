"""How long the program takes to come up: `edge-agent --help`, and the daemon to its first weight.

Each is a process of its own, from its start to what is seen of it from outside, beside an interpreter that
does nothing (`python -c pass`), in turns. The daemon is the real one on a pseudo-terminal into which load
cells already send (simulated, 4 channels at 1 kHz). It is *ready* when it tells the service manager so:
from then on its loop runs. Its *first weight* is the first whole frame of samples that its core took, by the
stamps in its own journal, and not before it was ready. *Zero known* is when its scale had learned what empty
is, one second of samples later: from then on a vehicle is weighed.
"""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_agent.bench.broker import ADDRESS, free_port
from edge_agent.bench.day_site import site
from edge_agent.bench.day_street import StreetCamera
from edge_agent.bench.memory import resident
from edge_agent.config.recorded import to_text
from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import SerialBytes
from edge_agent.core.units import Ns, S
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.samples import Samples
from edge_agent.core.weigh.scale import Scale
from edge_agent.demo.rendered import repository
from edge_agent.demo.stage import moved
from edge_agent.errors import EdgeAgentError
from edge_agent.evidence.keys import load_or_generate
from edge_agent.journal.opening import open_all
from edge_agent.sim.line import port_reads
from edge_agent.sim.scenario import Scenario, load_scenario

Progress = Callable[[str, int, int], None]  # what, done, of

GIVE_UP_S = 60.0
LISTEN_S = 2.5  # after it is ready: zero takes a second of samples
GOALS_S = {"help": 0.3, "first_weight": 2.0}


def run(runs: int = 5, progress: Progress = lambda _what, _done, _of: None) -> dict[str, Any]:
    """Medians of `runs` processes of each kind, in turns."""
    took: dict[str, list[float]] = {}

    def keep(name: str, seconds: float) -> None:
        took.setdefault(name, []).append(seconds)

    streets = [StreetCamera(name, 10 + k, 9, Ns(60 * S), Ns(0)) for k, name in enumerate(("east", "west"))]
    zones = {camera.name: camera.zones for camera in streets}
    for done in range(runs):
        progress("starting up", done, runs)
        keep("python", _process([sys.executable, "-c", "pass"]))
        keep("help", _process([sys.executable, "-m", "edge_agent", "--help"]))
        for name, chosen in (("bridge", {}), ("bridge_and_street", zones)):
            for what, took_s in _daemon(site(chosen)).items():
                keep(f"{name}.{what}", took_s)
    seconds = {name: round(statistics.median(times), 3) for name, times in took.items()}
    return {
        "runs": runs,
        "simulated": True,
        "seconds": seconds,
        "spread": {name: [round(min(times), 3), round(max(times), 3)] for name, times in took.items()},
        "help_over_python": round(seconds["help"] / seconds["python"], 2),
        "goals_s": GOALS_S,
    }


def text(result: dict[str, Any]) -> str:
    """For a person."""
    s, spread = result["seconds"], result["spread"]

    def line(name: str, what: str, more: str = "") -> str:
        low, high = spread[name]
        return f"  {s[name]:8.2f} s  ({low:.2f} to {high:.2f})  {what}{more}"

    return "\n".join(
        [
            f"start-up, medians of {result['runs']} processes in turns; load cells simulated",
            line("python", "an interpreter that does nothing"),
            line("help", "edge-agent --help", f"   (goal {GOALS_S['help']:g})"),
            line("bridge.ready", "the daemon, bridge: every part is up"),
            line("bridge.first_weight", "the same: first weight", f"   (goal {GOALS_S['first_weight']:g})"),
            line("bridge.zero_known", "the same: zero known, vehicles are weighed"),
            line("bridge_and_street.ready", "with two street cameras that do not answer: every part is up"),
            line("bridge_and_street.first_weight", "the same: first weight"),
            line("bridge_and_street.zero_known", "the same: zero known"),
            line("bridge.cpu", "CPU time until it is up, bridge: what the wall takes on an idle machine"),
            line("bridge_and_street.cpu", "the same with two street cameras"),
        ]
    )


def _process(command: list[str]) -> float:
    """Seconds from start to end."""
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=_environment())  # noqa: S603 - ours
    return time.monotonic() - began


def _environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(repository())} | more


def _daemon(config: SiteConfig) -> dict[str, float]:
    """Seconds from the daemon's start until it is ready, to its first weight, and until zero is known."""
    with tempfile.TemporaryDirectory(prefix="edge-agent-startup-") as name, _load_cells() as device:
        root = Path(name)
        placed = _placed(config, root, device)
        (root / "site.yaml").write_text(to_text(placed), encoding="utf-8")
        (root / "keys").mkdir()
        load_or_generate(root / "keys" / "evidence.pem")
        began, ready, cpu_s = _lived(root)
        at = {"ready": ready} | _in_journal(placed, root / "journal", ready)
        return {what: (when - began) / S for what, when in at.items()} | {"cpu": cpu_s}


def _lived(root: Path) -> tuple[int, int, float]:
    """Start it, wait until it is ready and a little longer, end it.

    Returns:
        when it started and when it was ready, monotonic ns; the CPU seconds that it took until then.
    """
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        (root / "log").open("wb") as log,
    ):
        manager.bind(str(root / "notify"))
        manager.settimeout(GIVE_UP_S)
        command = [sys.executable, "-m", "edge_agent", "run", "--config", str(root / "site.yaml")]
        began = time.monotonic_ns()
        daemon = subprocess.Popen(  # noqa: S603 - ours
            command, stdout=log, stderr=log, env=_environment(NOTIFY_SOCKET=str(root / "notify"))
        )
        try:
            while b"READY=1" not in manager.recv(4_096):
                pass
            ready, cpu_s = time.monotonic_ns(), resident(daemon.pid)["cpu_s"]
            time.sleep(LISTEN_S)
        except TimeoutError:
            said = (root / "log").read_text(encoding="utf-8", errors="replace")
            raise EdgeAgentError(f"the daemon was not ready after {GIVE_UP_S:g} s: {said[-500:]}") from None
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(GIVE_UP_S)
    return began, ready, cpu_s


def _placed(config: SiteConfig, root: Path, device: str) -> SiteConfig:
    """The example's site on this run's terminal and in its folder; neither broker nor camera is there."""
    changes: dict[tuple[str, ...], Any] = {
        ("ports", "wim", "device"): device,
        ("cameras", "cam1", "video", "url"): f"rtsp://{ADDRESS}:{free_port()}/none",
        ("detector", "model"): str(repository() / "models" / "bridge-synthetic.onnx"),
        ("anpr", "port"): 0,
        ("uplink", "mqtt", "port"): free_port(),
        ("evidence", "key_file"): str(root / "keys" / "evidence.pem"),
        ("evidence", "store", "directory"): str(root / "evidence"),
        ("journal", "dir"): str(root / "journal"),
        ("console", "port"): free_port(),
    }
    if config.street is not None:
        changes["street", "detector", "model"] = str(repository() / "models" / "street-synthetic.onnx")
        changes["street", "references_dir"] = str(root / "references")
        for camera in config.street.cameras:
            changes["street", "cameras", camera, "video", "url"] = f"rtsp://{ADDRESS}:{free_port()}/none"
    return moved(config, changes)


def _in_journal(config: SiteConfig, folder: Path, ready: int) -> dict[str, int]:
    """When the core had taken the first whole frame, and when its zero was known; monotonic ns."""
    decoder, lane = make_decoder(config.ports["wim"].protocol), config.core().lanes["1"]
    scale = Scale("1", lane.scale)
    found: dict[str, int] = {}
    for recording in open_all(folder):
        for event in recording.events():
            if not isinstance(event, SerialBytes):
                continue
            for block in decoder.feed(event.at, event.data):
                if isinstance(block, Samples):
                    found.setdefault("first_weight", max(event.at, ready))
                    scale.feed(block)
                    if scale.zero_g is not None:
                        found.setdefault("zero_known", max(event.at, ready))
    if "zero_known" not in found:
        raise EdgeAgentError(f"no zero within {LISTEN_S:g} s of the daemon's start")
    return found


@contextmanager
def _load_cells() -> Iterator[str]:
    """A terminal into which an empty scale sends in real time, as long as it is wanted."""
    far, near = pty.openpty()
    tty.setraw(near)
    os.set_blocking(far, False)
    stop = threading.Event()
    sender = threading.Thread(target=_send, args=(far, stop), daemon=True)
    sender.start()
    try:
        yield os.ttyname(near)
    finally:
        stop.set()
        sender.join()
        os.close(near)
        os.close(far)


def _send(far: int, stop: threading.Event) -> None:
    began = time.monotonic_ns()
    for at, data in port_reads(_empty_road(), "wim", (), 1):
        while (early := at - (time.monotonic_ns() - began)) > 0:
            if stop.wait(early / S):
                return
        with contextlib.suppress(BlockingIOError):  # nobody takes it yet: a real line loses it too
            os.write(far, data)


def _empty_road() -> Scenario:
    demo = load_scenario(repository() / "configs" / "scenarios" / "demo.yaml")
    return demo.model_copy(update={"duration_s": GIVE_UP_S * 2, "passages": ()})
