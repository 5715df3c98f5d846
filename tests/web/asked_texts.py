"""Which texts the pages of a package ask for."""

import re
from pathlib import Path

CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ASKED = re.compile(r"""\b(?:t|words)\(f?["']([a-z_0-9]+)["']""")


def asked_by(package: Path) -> set[str]:
    """Keys in its templates and code, and in what all pages share."""
    shared = package.with_name("web").glob("templates/*.html")
    sources = [*package.glob("templates/*.html"), *package.glob("*.py"), *shared]
    found = {key for source in sources for key in _ASKED.findall(source.read_text("utf-8"))}
    return {key for key in found if not key.endswith("_")}  # the beginning of one that is made
