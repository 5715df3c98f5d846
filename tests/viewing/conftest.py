from __future__ import annotations

import pytest

from tests.viewing.recordings import make


@pytest.fixture(scope="package")
def made(tmp_path_factory):
    """Twenty seconds of a bridge and a street."""
    return make(tmp_path_factory.mktemp("recording") / "rec.mcap")
