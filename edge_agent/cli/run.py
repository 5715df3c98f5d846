"""`edge-agent run --config SITE.yaml`: the daemon."""

from __future__ import annotations

import importlib
import logging
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.cli.logs import LogFormat, set_up
from edge_agent.errors import EvidenceError, StoreFault, UserError

if TYPE_CHECKING:
    from types import FrameType

    from edge_agent.commanded import ConfigKeeper, Effective
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
    from edge_agent.devices.heap import being_filled, stay_small  # noqa: PLC0415 - help stays instant

    stay_small()
    with being_filled():  # once: what a life of the daemon leaves behind is to be collected
        from edge_agent.commanded import ConfigKeeper  # noqa: PLC0415 - help stays instant

        importlib.import_module("edge_agent.compose")
    keeper = ConfigKeeper(config)
    site = keeper.at_the_box().config
    if site.simulate is not None:
        _run_simulated(site, out)
        return
    until_s = None if seconds is None else time.monotonic() + seconds
    while _run_once(keeper, until_s):
        log.warning("beginning anew with a changed configuration")


def _run_once(keeper: ConfigKeeper, until_s: float | None) -> bool:
    """One life of the daemon; True when it is to begin anew.

    A commanded configuration that does not start, or breaks the daemon, costs its trial and nothing else. A
    technician's file that cannot be used costs the changes that were made to it.
    """
    chosen = keeper.effective()
    for problem in chosen.spoilt:
        log.error("not used, its last known good runs: %s", problem)
    try:
        keeper.started(chosen)
        restart = _run_unless_disk_failed(keeper, chosen, until_s)
    except StoreFault:
        raise
    except Exception as error:
        if not chosen.trial:
            if isinstance(error, UserError | EvidenceError) and keeper.cannot_start(error):
                return True
            raise
        log.exception("the configuration on trial failed")
        keeper.roll_back(chosen, f"{type(error).__name__}: {error}")
        return True
    keeper.stopped(chosen)
    return restart


def _run_unless_disk_failed(keeper: ConfigKeeper, chosen: Effective, until_s: float | None) -> bool:
    """True when a changed configuration is to be begun with.

    Raises:
        StoreFault: a durable write failed.
    """
    from edge_agent.cli.fail_stop import IN_A_ROW, FaultCount, shout  # noqa: PLC0415 - help stays instant
    from edge_agent.compose import Agent, Hooks  # noqa: PLC0415 - same

    faults = FaultCount.of_environment()

    def sealed(order: Order, sealed: Sealed) -> None:
        _say_sealed(order, sealed)
        faults.clear()

    if faults.value >= IN_A_ROW:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            shout(chosen.config, faults, stop)
        finally:
            stop.set()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
    try:
        hooks = Hooks(sealed=sealed, refused=_say_refused, ready=keeper.every_part_is_up)
        agent = Agent(chosen.config, hooks, keeper=keeper, chosen=chosen)
        run_agent(agent, None if until_s is None else max(0.1, until_s - time.monotonic()))
    except StoreFault as fault:
        faults.add(str(fault))
        raise
    return agent.restart_wanted


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
    try:
        agent.run()
    finally:
        if timer:
            timer.cancel()
        for number in (signal.SIGTERM, signal.SIGINT):  # nothing is open between two lives
            signal.signal(number, signal.SIG_DFL)
