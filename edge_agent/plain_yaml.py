"""YAML files of others as plain data: what YAML can do beyond that is refused.

An alias costs nothing to write and anything to read: a few hundred bytes of them make a list of millions. A
date that does not exist is an exception of the standard library, not of YAML.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_DEPTH = 24


def load(text: str) -> Any:
    """The data of a YAML text.

    Raises:
        ValueError: it is none, nests too deep, or has aliases; in one line.
    """
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            alias = isinstance(event, yaml.AliasEvent)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if alias or depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 0
                reason = "aliases are not used here" if alias else f"nested deeper than {MAX_DEPTH}"
                raise ValueError(f"line {line}: {reason}")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
