"""Of a configuration what reasons look at: small enough to lie in a golden, and nothing that is private.

Defaults are written out: a later program may have others, and that is a reason too.
"""

from __future__ import annotations

import json
from functools import lru_cache

from edge_agent.config import recorded

# Accounts, key files, the platform and the box's own pages decide nothing.
PARTS = ("schema", "ports", "lanes", "cameras", "street", "detector", "plates", "plate_reader", "health")
OF_SITE = ("id", "tenant", "device_id", "legal")


@lru_cache(maxsize=64)  # a corpus is of a few sites, and reading a configuration takes long
def reasoned(text: str) -> str:
    """The part of a recorded configuration, as text that `recorded.from_text` reads; the same for equal ones.

    Raises:
        ConfigError: it is none.
    """
    whole = recorded.tree(recorded.from_text(text))
    part = {name: whole[name] for name in PARTS}
    part["site"] = {name: whole["site"][name] for name in OF_SITE}
    return json.dumps(part, ensure_ascii=False)
