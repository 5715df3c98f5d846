"""Links of the documents, which are right on a disk and at a forge, as the site needs them.

On the site there is docs/ and nothing else. What lies outside and is linked is brought along: a document as a
page of its own (`PAGES`), any other file as a text file under `files/`, a folder as its list of files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path, PurePosixPath

# A document outside docs/ -> its page.
PAGES = {
    "README.md": "readme.md",
    "README.zh-CN.md": "readme.zh-CN.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "contract/README.md": "contract/index.md",
    "contract": "contract/index.md",
    "docs": "index.md",
    "docs/decisions": "decisions/index.md",
    **{
        f"contract/schemas/{name}.schema.json": f"contract/{name}.md"
        for name in ("statement", "receipt", "command", "envelope", "state")
    },
}
FILES = "files"

LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)(#[^)\s]*)?(\))")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z]+:")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document lies in the repository, and where its page lies on the site."""

    source: str  # "docs/wire.md", "README.md"
    page: str  # "wire.md", "readme.md"


def rewritten(markdown: str, place: Place, root: Path, brought: Callable[[str], None]) -> str:
    """The document with its links as the site needs them; code is left as it is.

    Args:
        markdown: the document.
        place: where it lies.
        root: of the repository.
        brought: told of every file and folder outside docs/ that must come along, by its path.
    """
    out, last = [], 0
    for fence in FENCE.finditer(markdown):
        out += [_links(markdown[last : fence.start()], place, root, brought), fence[0]]
        last = fence.end()
    return "".join([*out, _links(markdown[last:], place, root, brought)])


def _links(text: str, place: Place, root: Path, brought: Callable[[str], None]) -> str:
    def one(link: re.Match[str]) -> str:
        before, target, anchor, after = link.groups()
        if ELSEWHERE.match(target):
            return link[0]
        path = _normal(PurePosixPath(place.source).parent / target)
        if not (root / path).exists():
            return link[0]  # the strict build says so
        page = _page_of(path, brought)
        return f"{before}{relpath(page, PurePosixPath(place.page).parent)}{anchor or ''}{after}"

    return LINK.sub(one, text)


def _page_of(path: str, brought: Callable[[str], None]) -> str:
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    brought(path)
    return file_page(path)


def file_page(path: str) -> str:
    """Where a file outside docs/ lies on the site: as a page that shows it."""
    return f"{FILES}/{path.rstrip('/')}.md"


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if parts:
                parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
