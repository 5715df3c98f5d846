"""`--set KEY=V1,V2,...` given several times: every combination of the values.

street.rules.overflow.stay_s=240,300       two values
street.rules.overflow.stay_s=240..360:30   from .. to : step, both ends
lanes.1.limits.axle_group=null,{}          YAML
ports.wim.x=[[1, 2], [3, 4]]               values with commas of their own: a YAML list of values
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any

from edge_agent.config import emit
from edge_agent.errors import UsageError
from edge_agent.replaying.what_if import split, value_of

MAX_POINTS = 1_000
_NUMBER = r"-?\d{1,12}(?:\.\d{1,9})?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?::(\d{{1,12}}(?:\.\d{{1,9}})?))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Axis:
    """One key and the values that it takes, as `what_if.changed` takes them."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One combination."""

    values: tuple[tuple[str, str], ...]  # key and value of each axis

    @property
    def settings(self) -> tuple[str, ...]:
        """As `what_if.changed` takes them."""
        return tuple(f"{key}={value}" for key, value in self.values)


def axis(setting: str) -> Axis:
    """One `--set`.

    Raises:
        ConfigError: it is not KEY=VALUES, or no YAML.
        UsageError: a range without end.
    """
    key, text = split(setting)
    found: Any = value_of(key, text if text.startswith("[") and text.endswith("]") else f"[{text}]")
    values = [value for item in found for value in _values(key, item)]
    if not values:
        raise UsageError(f"--set {setting}: there is no value")
    return Axis(key, tuple(dict.fromkeys(values)))


def points(axes: Sequence[Axis]) -> tuple[Point, ...]:
    """Every combination, the last axis fastest.

    Raises:
        UsageError: too many, none, or a key twice.
    """
    keys = [one.key for one in axes]
    if not keys:
        raise UsageError("nothing to change: give --set KEY=V1,V2")
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise UsageError(f"--set {min(twice)} is given twice: write all of its values after one")
    count = prod(len(one.values) for one in axes)
    if count > MAX_POINTS:
        sizes = " x ".join(str(len(one.values)) for one in axes)
        raise UsageError(f"{sizes} = {count} combinations; at most {MAX_POINTS}: take a larger step")
    return tuple(
        Point(tuple(zip(keys, values, strict=True))) for values in product(*(one.values for one in axes))
    )


def _values(key: str, item: Any) -> Iterator[str]:
    between = _RANGE.fullmatch(item) if isinstance(item, str) else None
    if between is None:
        yield emit.in_line(item)
        return
    low, high, step = (Decimal(part or "1") for part in between.groups())
    if step == 0 or high < low:
        raise UsageError(f"--set {key}={item}: a range is FROM..TO:STEP, upwards")
    count = int((high - low) / step) + 1
    if count > MAX_POINTS:
        raise UsageError(f"--set {key}={item}: {count} values; at most {MAX_POINTS}: take a larger step")
    yield from (format(low + n * step, "f") for n in range(count))
