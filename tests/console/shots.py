"""Pictures of every page of the console, in both languages, on desktop and phone: `scripts/console-shots`.

A daemon runs before the demo's bridge and street, with Mosquitto and a platform; it has weighed, opened a
case and been signed off. The pictures are for people to look at: nothing is compared.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from edge_agent.commanded import ConfigKeeper
from edge_agent.compose import Agent
from edge_agent.console.accounts import TECHNICIAN, UsersFile
from edge_agent.console.places import users_file
from edge_agent.demo.hour import CROSSINGS, GAIN_ERROR_PERMILLE, SECONDS
from edge_agent.demo.roadside import Roadside, a_stage
from edge_agent.demo.stage import moved
from edge_agent.demo.street import CAMERA
from tests.console.site import PASSWORD, TECH, Served
from tests.inbox.browser import PHONE, SIDEWAYS, WIDE, chromium

LOADED_MS = 60_000  # the doctor looks at each camera for seconds
SIZES = {"desktop": WIDE, "phone": PHONE}
LIVE_S = 16  # into the test crossings: a vehicle has passed, goods stand
FROM_ELSEWHERE = {"x-forwarded-for": "192.0.2.7"}  # who is asked for a password


def live(page):
    page.goto("/")
    page.evaluate("document.querySelectorAll('.watch').forEach((box) => { box.checked = true })")
    page.wait_for_timeout(2_500)  # pictures and traces come once a second


def doctor(page):
    page.goto("/doctor")
    page.click("main form button")
    page.wait_for_selector("#progress", state="detached")
    page.wait_for_selector("main .finding")


def config_problem(page):
    page.goto("/config")
    page.fill("#text", page.input_value("#text").replace("use_class: test", "use_class: tests"))
    page.click("form.card button")
    page.wait_for_selector(".problems")


def config_review(page):
    page.goto("/config")
    page.fill("#text", page.input_value("#text").replace("use_class: test", "use_class: reference"))
    page.click("form.card button")
    page.wait_for_selector("table.diff")


def candidate(page):
    page.goto("/references")
    page.click("main form button")
    page.wait_for_load_state()


def statement(page):
    page.goto("/outbox")
    page.locator("tr:has-text('桥梁称重') a, tr:has-text('bridge weighing') a").first.click()
    page.wait_for_load_state()


def at(path):
    return lambda page: page.goto(path)


PAGES = {
    "outbox": at("/outbox"),
    "statement": statement,
    "zones": at("/zones"),
    "zones-bridge": at("/zones/cam1"),
    "zones-street": at(f"/zones/{CAMERA}"),
    "references": at("/references"),
    "references-candidate": candidate,
    "watched": at("/coverage"),
    "doctor": doctor,
    "config": at("/config"),
    "config-problem": config_problem,
    "config-review": config_review,
    "sign-off": at("/commissioning"),
}


class Shots:
    """One browser, one folder."""

    def __init__(self, browser, base, out):
        self._browser, self._base, self._out = browser, base, out

    def take(self, pages, headers=None):
        """Each page in both languages and sizes."""
        for size, viewport in SIZES.items():
            for language in ("zh", "en"):
                context = self._browser.new_context(
                    viewport=viewport, base_url=self._base, extra_http_headers=headers or {}
                )
                context.set_default_timeout(LOADED_MS)
                page = context.new_page()
                page.goto(f"/?lang={language}")
                for name, shown in pages.items():
                    shown(page)
                    page.wait_for_timeout(500)  # what a script draws
                    path = self._out / f"{name}-{size}-{language}.png"
                    page.screenshot(path=path, full_page=True)
                    print(path, f"sideways {page.evaluate(SIDEWAYS)} px", flush=True)
                context.close()


def main(out):
    """The box is made, driven over, signed off and photographed."""
    out.mkdir(parents=True, exist_ok=True)
    since = datetime.now(UTC).isoformat(timespec="seconds")
    with (
        Roadside(out / "box", a_stage(CROSSINGS, SECONDS, GAIN_ERROR_PERMILLE)) as road,
        chromium() as browser,
    ):
        print("drawing the cameras' clips", flush=True)
        road.prepare(lambda *_: None)
        road.config = moved(road.config, {("console",): {"port": 0}, ("street", "coverage_s"): 60})
        path = road.write_site()
        road.stage.street.accept_reference(road.places.references, since)
        UsersFile(users_file(road.config)).add(TECH, TECHNICIAN, PASSWORD)
        served = Served(Agent(road.config, keeper=ConfigKeeper(path)), None, path).start()
        shots = Shots(browser, served.base, out)
        try:
            shots.take({"login": at("/login")}, FROM_ELSEWHERE)
            drive = Thread(target=road.play)
            drive.start()
            drive.join(LIVE_S)
            shots.take({"live": live})
            drive.join()
            commission(path, road.places.root / "report", since)
            shots.take(PAGES)
        finally:
            served.stop()
    print(f"{len(list(out.glob('*.png')))} pictures in {out}")


def commission(site, out, since):
    """As on the road: the command, beside the daemon."""
    command = [sys.executable, "-m", "edge_agent", "commission", "--config", str(site), "--by", TECH]
    command += ["--organisation", "示例公司", "--since", since, "--out", str(out)]
    command += ["--outcome", "accepted_with_remarks", "--remarks", "模拟场地 simulated site"]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out/console-shots"))
