"""Whose a file is that root made."""

from __future__ import annotations

import os
from pathlib import Path


def give_to_the_daemon(*paths: Path, like: Path | None = None) -> None:
    """What root leaves must be the daemon's, which runs as a user of its own.

    Args:
        paths: what is given away; in this order, so that a folder comes before its files.
        like: whose owner they get; by default, or where that is not there, the one of what each lies in.
    """
    if os.geteuid() != 0:
        return
    for path in paths:
        owner = (like if like is not None and like.exists() else path.parent).stat()
        if owner.st_uid != 0:
            # The folder is the daemon's, and so may be a link in it to a file of root's.
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
