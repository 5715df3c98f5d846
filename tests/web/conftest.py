"""A door with everything but a database behind it."""

import pytest

from edge_agent.web import passwords


@pytest.fixture
def quick_passwords(monkeypatch):
    """As they are made and checked, with less work: what they cost has a test of its own."""
    monkeypatch.setattr(passwords, "COST", 2**4)
    monkeypatch.setattr(passwords, "PASSES", 1)
