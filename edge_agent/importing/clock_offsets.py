"""How far the clock that stamped a file was ahead of the box's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from edge_agent.core.units import MS, Ns, S
from edge_agent.errors import UsageError

FORM = "--clock-offset NAME=SECONDS"
OFFSET = re.compile(r"([+-]?)(\d{1,7})(?:\.(\d{1,9}))?\s*(s|ms)?", re.ASCII)
PLATES = "plates"


def parse_offset(text: str) -> Ns:
    """Nanoseconds from seconds, or from milliseconds with `ms` behind them.

    >>> parse_offset("-1.2s"), parse_offset("+350ms"), parse_offset("2")
    (-1200000000, 350000000, 2000000000)
    """
    found = OFFSET.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:40]!r} is no offset; write -1.2s or 350ms")
    sign, whole, fraction, unit = found.groups()
    scale = MS if unit == "ms" else S
    amount = int(whole) * scale + int((fraction or "").ljust(9, "0")) * scale // S
    return Ns(-amount if sign == "-" else amount)


def parse_offsets(texts: Iterable[str], known: Iterable[str]) -> Mapping[str, Ns]:
    """By name: a camera with a video, a port with bytes, or `plates`.

    Raises:
        UsageError: not of the form, or a name that nothing is imported of.
    """
    names = set(known)
    found: dict[str, Ns] = {}
    for text in texts:
        name, equals, offset = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{text!r} is not {FORM}")
        if name not in names:
            raise UsageError(
                f"--clock-offset {name}=...: nothing of this name is imported; {sorted(names)} are"
            )
        if name in found:
            raise UsageError(f"--clock-offset {name}=... twice")
        try:
            found[name] = parse_offset(offset)
        except ValueError as error:
            raise UsageError(f"{text!r}: {error}") from None
    return found
