import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shipped_bridge(tmp_path):
    """A copy of configs/bridge.yaml with the models that it names beside it."""
    folder = tmp_path / "configs"
    folder.mkdir()
    (tmp_path / "models").symlink_to(ROOT / "models")
    return Path(shutil.copy(ROOT / "configs" / "bridge.yaml", folder))
