"""Chromium as a person uses it, and what it must never do: go elsewhere, or complain in its console."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 8_000
WIDE, PHONE = {"width": 1366, "height": 860}, {"width": 390, "height": 844}
# A browser says so in its console of every answer that is an error; the tests below ask for some.
EXPECTED = "Failed to load resource: the server responded with a status of 4"

# Of every text that can be seen: its colour against the nearest ground that is not clear, as WCAG 2 says.
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3 (AA)
CONTRASTS = """() => {
  const parts = (said) => said.match(/[\\d.]+/g).map(Number);
  const shine = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = parts(getComputedStyle(element).backgroundColor);
    return (own[3] ?? 1) === 1 ? own : over(own, ground(element.parentElement));
  };
  const opacity = (element) =>
    element ? getComputedStyle(element).opacity * opacity(element.parentElement) : 1;
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest("svg, dialog:not([open]), .skip") || !element.checkVisibility()) continue;
    const under = ground(element);
    const colour = parts(getComputedStyle(element).color);
    colour[3] = (colour[3] ?? 1) * opacity(element);
    const [a, b] = [shine(over(colour, under)), shine(under)].sort((x, y) => y - x);
    found.push([text.slice(0, 40), (a + 0.05) / (b + 0.05)]);
  }
  return found;
}"""
CONTROLS = "input:not([type=hidden]), select, textarea, button, a, img"
UNNAMED = """(controls) => [...document.querySelectorAll(controls)]
  .filter((e) => e.checkVisibility() && !e.closest("dialog:not([open])"))
  .filter((e) => !(e.labels?.length && e.labels[0].innerText.trim()) && !e.getAttribute("aria-label")
    && !(e.tagName === "IMG" ? e.alt : e.innerText?.trim() || e.querySelector?.("img[alt]")))
  .map((e) => e.outerHTML.slice(0, 120))"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextmanager
def chromium():
    """A browser; skips where there is none."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (Debian package chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as runs:
        browser = runs.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Person:
    """One person's browser, with a memory of its own."""

    def __init__(self, browser, base, *, size=None, state=None):
        self.base = base
        self.said: list[str] = []
        self.asked: list[str] = []
        self.context = browser.new_context(viewport=size or WIDE, base_url=base, storage_state=state)
        self.context.set_default_timeout(TIMEOUT_MS)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def log_in(self, name, password, path="/"):
        self.page.goto(path)
        self.page.fill("#name", name)
        self.page.fill("#password", password)
        self.page.click("main button")
        return self

    def leave(self):
        """Nothing in the console, nothing asked of anybody else."""
        self.context.close()
        assert [line for line in self.said if not line.startswith(EXPECTED)] == []
        assert {url for url in self.asked if not url.startswith(self.base + "/")} == set()
        assert self.asked
