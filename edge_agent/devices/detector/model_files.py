"""Model files and their digests: what was hashed is what runs, whatever the path holds a moment later."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from pathlib import Path

from edge_agent.errors import ConfigError, Problem

MAX_MODEL_BYTES = 500_000_000
MAX_MODEL_FILES = 1_000  # of a model that is a folder


def refused(path: Path, reason: str, suggestion: str = "") -> ConfigError:
    """The model or its map cannot be used; who wrote the configuration must act."""
    return ConfigError((Problem(str(path), 0, "", reason, suggestion),))


def read_model(path: Path, expected_sha256: str) -> tuple[bytes, str]:
    """The file's bytes and digest.

    Raises:
        ConfigError: it is missing, too large, or not the file that was accepted.
    """
    try:
        size = path.stat().st_size
        if size > MAX_MODEL_BYTES:
            raise refused(path, f"{size} bytes; models over {MAX_MODEL_BYTES} are not loaded")
        data = path.read_bytes()
    except OSError as problem:
        raise refused(
            path,
            f"the model cannot be read: {problem.strerror}",
            "check `detector.model`; `edge-agent model list` shows what is installed",
        ) from problem
    digest = hashlib.sha256(data).hexdigest()
    _accept(path, digest, expected_sha256)
    return data, digest


def _accept(path: Path, digest: str, expected: str) -> None:
    if expected and digest != expected:
        raise refused(
            path,
            f"SHA-256 is {digest}, accepted was {expected}: this is another model",
            "put the accepted file back, or accept this one by writing its digest into the class map",
        )


def file_sha256(path: Path) -> str:
    """Digest of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def model_sha256(path: Path) -> str:
    r"""Digest of a model that is a file, or a folder (OpenVINO, NCNN, ...).

    A folder's is that of the lines `<sha256>  <relative path>\n` of its files, sorted by path: what
    `cd DIR && find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum` prints.

    Raises:
        ConfigError: it is not there, too large, or holds what is no plain file.
    """
    if not path.is_dir():
        if not path.is_file():
            raise refused(path, "the model is not there", "check `detector.model`")
        if path.stat().st_size > MAX_MODEL_BYTES:
            raise refused(path, f"models over {MAX_MODEL_BYTES} bytes are not loaded")
        return file_sha256(path)
    files = sorted(
        (p for p in path.rglob("*") if not p.is_dir()), key=lambda p: p.relative_to(path).as_posix().encode()
    )
    if not files or any(p.is_symlink() or not p.is_file() for p in files) or len(files) > MAX_MODEL_FILES:
        raise refused(path, f"a model's folder holds 1 to {MAX_MODEL_FILES} plain files and no links")
    if sum(p.stat().st_size for p in files) > MAX_MODEL_BYTES:
        raise refused(path, f"models over {MAX_MODEL_BYTES} bytes are not loaded")
    lines = "".join(f"{file_sha256(p)}  {p.relative_to(path).as_posix()}\n" for p in files)
    return hashlib.sha256(lines.encode()).hexdigest()


class PrivateCopy:
    """A copy of a model that nobody else writes to, for a library that loads by path. Gone at the end."""

    def __init__(self, path: Path, expected_sha256: str) -> None:
        """Copy it, then hash the copy.

        Raises:
            ConfigError: it is not there, or not what was accepted.
        """
        model_sha256(path)  # its size and kind, before anything is copied
        self._folder = tempfile.mkdtemp(prefix="edge-agent-model-")
        self._gone = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self.path = Path(self._folder) / path.name
        try:
            if path.is_dir():
                shutil.copytree(path, self.path)
            else:
                shutil.copyfile(path, self.path)
            self.sha256 = model_sha256(self.path)
            _accept(path, self.sha256, expected_sha256)
        except OSError as problem:
            self.close()
            raise refused(path, f"the model cannot be copied: {problem.strerror}") from problem
        except ConfigError:
            self.close()
            raise

    def close(self) -> None:
        """Remove the copy."""
        self._gone()
