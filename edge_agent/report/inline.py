"""Pictures inside the page itself, as `data:` addresses, up to so many bytes: one file to be sent on."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_agent.report.sealed import NOT_HERE, Data

MEGABYTE = 1_000_000
TOO_MANY = "图片过多，未嵌入（--pictures-mb） too many pictures: not embedded (--pictures-mb)"
DAMAGED = "摘要不符，不予显示 its digest differs: not shown"
NO_PICTURE = "不是可显示的图片 no picture that can be shown"
# What may stand in a page, by the bytes that such a file begins with: never what a statement claims it is.
KINDS = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (4, b"ftyp", "video/mp4"),
)


@dataclass(slots=True)
class Inline:
    """Embeds files until the room is used up; each digest is checked, and each file taken once a page."""

    room: int  # bytes that may still be embedded
    embedded: int = 0
    left_out: int = 0
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)  # by SHA-256: address, why there is none

    def take(
        self, attachments: Iterable[Mapping[str, Any]], data: Data
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Addresses by SHA-256, and why others have none.

        Copies are not taken: what they show besides, the page draws over the original itself.
        """
        files, absent = {}, {}
        for attachment in attachments:
            sha256 = attachment["sha256"]
            if attachment["parent"] is not None or not attachment["media_type"].startswith(
                ("image/", "video/")
            ):
                continue
            address, why = self._known.get(sha256) or self._take(sha256, data)
            if address:
                files[sha256] = address
            else:
                absent[sha256] = why
        return files, absent

    def _take(self, sha256: str, data: Data) -> tuple[str, str]:
        content = data(sha256)
        if content is None:
            return "", NOT_HERE
        found = _address(sha256, content) if len(content) <= self.room else ("", TOO_MANY)
        if found[0]:
            self.room -= len(content)
            self.embedded += 1
        elif found[1] is TOO_MANY:
            self.left_out += 1
        self._known[sha256] = found
        return found


def _address(sha256: str, content: bytes) -> tuple[str, str]:
    if hashlib.sha256(content).hexdigest() != sha256:
        return "", DAMAGED
    kind = next((name for at, magic, name in KINDS if content[at : at + len(magic)] == magic), "")
    if not kind:
        return "", NO_PICTURE
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}", ""
