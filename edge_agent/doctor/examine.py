"""All checks, side by side, each in a thread; one that breaks or hangs is a finding and stops no other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from edge_agent.config.settings import SiteConfig
from edge_agent.doctor.broker_checks import broker_findings
from edge_agent.doctor.camera_checks import camera_findings
from edge_agent.doctor.cell_checks import cell_findings
from edge_agent.doctor.clock_checks import clock_findings
from edge_agent.doctor.disk_checks import disk_findings
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.key_checks import key_findings
from edge_agent.doctor.lane_checks import lane_findings
from edge_agent.doctor.looks import Looks, watch_all
from edge_agent.doctor.model_checks import model_findings
from edge_agent.doctor.observed import Eyes
from edge_agent.doctor.push_checks import push_findings
from edge_agent.doctor.scale_checks import scale_findings
from edge_agent.doctor.serial_checks import serial_findings
from edge_agent.doctor.software_checks import software_findings
from edge_agent.doctor.store_checks import store_findings
from edge_agent.doctor.temperature_checks import temperature_findings

log = logging.getLogger(__name__)

Check = Callable[[SiteConfig, Eyes], Iterable[Finding]]


def cameras_at_once(config: SiteConfig, eyes: Eyes) -> Iterable[Finding]:
    """The checks of cameras, which take seconds each, after a look at all of them."""
    own = [name for name, camera in config.cameras.items() if camera.video]
    watch_all(eyes, [*own, *(config.street.cameras if config.street else ())])
    return camera_findings(config, eyes)


# In the order in which a technician reads them.
CHECKS: Mapping[str, Check] = {
    "software": software_findings,
    "clock": clock_findings,
    "disk": disk_findings,
    "store": store_findings,
    "temperature": temperature_findings,
    "serial": serial_findings,
    "cells": cell_findings,
    "cameras": cameras_at_once,
    "lanes": lane_findings,
    "models": model_findings,
    "push": push_findings,
    "broker": broker_findings,
    "keys": key_findings,
    "scale": scale_findings,
}
LONGEST_S = 120.0


def examine(
    config: SiteConfig,
    eyes: Eyes,
    told: Callable[[str], None] = lambda _name: None,
    *,
    only: Collection[str] = (),
    seconds: float = 0.0,
    longest_s: float = LONGEST_S,
    checks: Mapping[str, Check] = CHECKS,
) -> list[Finding]:
    """Everything that can be said of the box now.

    Args:
        config: of the site.
        eyes: who can look at its devices.
        told: gets the name of each check that has come to its end, on that check's thread.
        only: names of checks; empty: all.
        seconds: no look at a line or a camera takes longer; 0: as long as the checks want.
        longest_s: what is not known by then is said to be unknown.
        checks: by name.
    """
    looks = Looks(config, eyes, seconds)
    running = [
        _Running(name, check, config, looks, told)
        for name, check in checks.items()
        if not only or name in only
    ]
    until_s = time.monotonic() + longest_s
    for one in running:
        one.start()
    for one in running:
        one.join(max(0.0, until_s - time.monotonic()))
    return [finding for one in running for finding in one.result(longest_s)]


class _Running(threading.Thread):
    """One check. A daemon thread: one that hangs in a driver does not keep the program from its end."""

    def __init__(
        self, name: str, check: Check, config: SiteConfig, eyes: Eyes, told: Callable[[str], None]
    ) -> None:
        super().__init__(name=f"doctor-{name}", daemon=True)
        self._part = name
        self._look: Callable[[], Iterable[Finding]] = lambda: check(config, eyes)
        self._told = told
        self._found: list[Finding] = []
        self._over = False

    def run(self) -> None:
        try:
            for finding in self._look():
                self._found.append(finding)
        except Exception as error:  # whatever it was, the others are worth hearing
            log.info("doctor: %s", self._part, exc_info=True)
            why = f"{type(error).__name__}: {error}"[:300]
            self._found.append(Finding("doctor.broke", self._part, State.UNKNOWN, {"why": why}))
        self._over = True
        self._told(self._part)

    def result(self, longest_s: float) -> list[Finding]:
        """What it found so far."""
        found = list(self._found)
        if not self._over:
            values = {"seconds": round(longest_s), "part": self._part}
            found.append(Finding("doctor.late", self._part, State.UNKNOWN, values))
        return found


def worst(findings: Iterable[Finding]) -> State:
    """The worst of them: a fault, else a warning, else what is not known, else all is well."""
    states = {finding.state for finding in findings}
    return next((s for s in (State.FAULT, State.WARNING, State.UNKNOWN) if s in states), State.OK)
