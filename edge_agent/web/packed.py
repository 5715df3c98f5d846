"""A folder that is made for one answer, sent as a ZIP and gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse


def packed(write: Callable[[Path], object], name: str) -> FileResponse:
    """The answer.

    Args:
        write: fills a new folder.
        name: of the ZIP and of the folder inside of it.
    """
    folder = Path(tempfile.mkdtemp(prefix="edge-agent-web-"))
    try:
        out, archive = folder / "out", folder / "out.zip"
        write(out)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
            for path in sorted(out.rglob("*")):
                file.write(path, f"{name}/{path.relative_to(out)}")
        shutil.rmtree(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    gone = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(archive, media_type="application/zip", filename=f"{name}.zip", background=gone)
