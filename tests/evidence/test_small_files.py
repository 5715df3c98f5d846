"""A key, a note or a configuration is there whole, or nothing of it."""

import errno
import os

import pytest

from edge_agent.evidence.small_files import write_new, write_over


@pytest.mark.parametrize("write", [write_new, write_over])
@pytest.mark.parametrize("call", ["fchmod", "fsync", "link", "replace"])
def test_what_did_not_fit_leaves_nothing_behind(tmp_path, monkeypatch, write, call):
    path = tmp_path / "evidence.pem"

    def full(*_args, **_named):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, call, full)
        needed = call in {"fchmod", "fsync"} or (call == "link") == (write is write_new)
        if needed:
            with pytest.raises(OSError, match="No space"):
                write(path, b"key")
            assert list(tmp_path.iterdir()) == []
    write(path, b"key")
    assert [p.name for p in tmp_path.iterdir()] == ["evidence.pem"]
    assert path.read_bytes() == b"key"
