"""The base of every settings model: what a human chose, checked once, never changed after.

Each part of the core states its own settings beside its code; `config/` joins them into one tree.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Frozen, no unknown keys, no silent conversion of one type into another."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, use_attribute_docstrings=True)
