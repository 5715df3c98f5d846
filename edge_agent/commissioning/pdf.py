"""The report as PDF, printed by Debian's Chromium where the machine has one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from edge_agent.errors import DeviceError, UsageError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LONGEST_S = 120


def browser() -> str:
    """Path of a browser that prints. Raises UsageError where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise UsageError(
            "--pdf: no Chromium here (Debian: apt-get install chromium). The HTML prints as it is: "
            "open it in any browser, print, choose “save as PDF”, paper A4"
        )
    return found


def print_pdf(page: Path, out: Path) -> None:
    """Print a page of ours. No script runs in it and nothing is fetched: its own policy forbids both.

    Raises:
        UsageError: no browser.
        DeviceError: it did not print.
    """
    with tempfile.TemporaryDirectory(prefix="edge-agent-print-") as profile:
        command = [
            browser(), "--headless", "--disable-gpu", "--no-sandbox", f"--user-data-dir={profile}",
            "--no-pdf-header-footer", f"--print-to-pdf={out}", page.resolve().as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=LONGEST_S, check=False)  # noqa: S603 - ours
        except subprocess.TimeoutExpired as error:
            raise DeviceError(f"the browser did not print in {LONGEST_S} s") from error
    if done.returncode or not out.exists():
        raise DeviceError(f"the browser did not print: {done.stderr.decode(errors='replace')[-300:]}")
