"""JSON with one meaning: what one reader takes from the bytes, every other reader takes too.

Python's `json` accepts UTF-16, a byte-order mark, repeated keys (the last one wins), NaN, `1e400`,
4000-digit integers and lone surrogates, and nests until it breaks. A statement that two programs
could read differently is worth nothing in a dispute, so none of that passes here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from edge_agent.core.foreign_json import nests_deeper, no_key_twice
from edge_agent.errors import VerificationError

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16
INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def loads(data: bytes, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """The object that `data` holds: strings, 64-bit integers, booleans, null, lists, objects.

    Raises:
        VerificationError: anything else, in time linear in `max_bytes`.
    """
    if len(data) > max_bytes:
        raise VerificationError(f"JSON of {len(data)} bytes is over the limit of {max_bytes}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VerificationError(f"JSON is not UTF-8: {error}") from error
    if nests_deeper(text, max_depth):
        raise VerificationError(f"JSON nests deeper than {max_depth}")
    try:
        value = json.loads(
            text,
            object_pairs_hook=no_key_twice,
            parse_int=_integer,
            parse_float=_refuse_float,
            parse_constant=_refuse_float,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate has no UTF-8
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"not strict JSON: {error}") from error
    if not isinstance(value, dict):
        raise VerificationError(f"JSON top level must be an object, not {type(value).__name__}")
    return value


def dumps(value: dict[str, Any]) -> bytes:
    """Compact UTF-8 in the order of the keys as given: the bytes to sign.

    Raises:
        ValueError: a float, a value outside 64 bits, a lone surrogate, or a type JSON has not.
    """
    _check_writable(value, MAX_DEPTH)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def _integer(digits: str) -> int:
    # Longer than any 64-bit integer: refused before the conversion, which is quadratic.
    if len(digits) > len(str(INT_MIN)) or not INT_MIN <= int(digits) <= INT_MAX:
        raise ValueError(f"integer {digits[:24]} does not fit 64 bits")
    return int(digits)


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(f"{text[:24]} is not an integer; floats do not appear in evidence")


def _check_writable(value: object, depth: int) -> None:
    """Look at every value inside; `depth` is how many containers may still open, this one included."""
    if depth <= 0:
        raise ValueError(f"nests deeper than {MAX_DEPTH}")
    inner: Iterable[object]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError(f"not every key is a string: {list(value)[:8]}")
        inner = value.values()
    else:
        assert isinstance(value, list | tuple)
        inner = value
    for one in inner:
        kind = type(one)  # the usual types by identity: this runs on every value that is sealed
        if kind is str or one is None or kind is bool:
            continue
        if isinstance(one, dict | list | tuple):
            _check_writable(one, depth - 1)
        elif not (isinstance(one, str) or (isinstance(one, int) and INT_MIN <= one <= INT_MAX)):
            raise ValueError(f"{kind.__name__} {one!r} does not appear in evidence")
