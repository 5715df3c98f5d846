"""`edge-agent run --config SITE.yaml`: the daemon."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.cli.logs import LogFormat, set_up

if TYPE_CHECKING:
    from types import FrameType

    from edge_agent.compose import Agent
    from edge_agent.config.settings import SiteConfig
    from edge_agent.evidence.sealer import Order
    from edge_agent.evidence.store import Sealed

log = logging.getLogger(__name__)
app = typer.Typer(add_completion=False)


@app.command()
def main(
    config: Annotated[Path, typer.Option(metavar="SITE.yaml", help="See configs/bridge.yaml.")],
    seconds: Annotated[
        float | None, typer.Option(min=1, help="End after so long; default: on SIGTERM or Ctrl-C.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Of a site with `simulate`: what it leaves behind.")
    ] = Path("out/run"),
    verbose: Annotated[bool, typer.Option(help="Every crossing, not only what is wrong.")] = False,
    log_format: Annotated[LogFormat, typer.Option(help="json: one object a line.")] = LogFormat.TEXT,
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C. Exit 1 when the disk failed a durable write."""
    set_up(log_format, logging.DEBUG if verbose else logging.INFO)
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.devices.heap import stay_small  # noqa: PLC0415

    stay_small()
    site = load(config)
    if site.simulate is not None:
        _run_simulated(site, out)
        return
    from edge_agent.compose import Agent, Hooks  # noqa: PLC0415

    run_agent(Agent(site, Hooks(sealed=_say_sealed, refused=_say_refused)), seconds)


def _say_sealed(_order: Order, sealed: Sealed) -> None:
    """The store has it durably. One write of one whole line: `bench kill --daemon` holds us to it."""
    log.info(
        "sealed seq %d epoch %s packet_id %s sha256 %s",
        sealed.seq,
        sealed.epoch,
        sealed.packet_id,
        sealed.payload_sha256,
        extra={"seq": sealed.seq, "epoch": sealed.epoch, "packet_id": sealed.packet_id},
    )


def _say_refused(order: Order, reason: str) -> None:
    log.error("%s not sealed: %s", order.name, reason)


def _run_simulated(site: SiteConfig, out: Path) -> None:
    """A site on recorded footage: broker, platform and weights are the demo's; it ends with the clip."""
    from edge_agent.cli.demo import play  # noqa: PLC0415
    from edge_agent.demo.real_clip import clip_stage  # noqa: PLC0415

    assert site.simulate is not None
    play(lambda progress: clip_stage(site, progress), out, site.simulate.seed, table=True)


def run_agent(agent: Agent, seconds: float | None) -> None:
    """Run in this thread until told to end."""

    def end(_number: int, _frame: FrameType | None) -> None:
        agent.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    timer = threading.Timer(seconds, agent.stop) if seconds is not None else None
    if timer:
        timer.daemon = True
        timer.start()
    site = agent.config.site
    print(f"edge-agent: {site.tenant}/{site.device_id} at {site.id}", flush=True)
    agent.run()
    if timer:
        timer.cancel()
