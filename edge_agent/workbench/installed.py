"""What models lie in a folder, and how one gets there: checked, whole, and never over another."""

from __future__ import annotations

import os
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from urllib.parse import unquote, urlsplit

from edge_agent.devices.detector import DetectorSettings
from edge_agent.devices.detector import class_map as maps
from edge_agent.devices.detector.model_files import MAX_MODEL_BYTES, model_sha256
from edge_agent.devices.detector.onnx_backend import OnnxBackend
from edge_agent.errors import ConfigError, DeviceError, UsageError
from edge_agent.workbench.card import is_unfinished, licence_of

TIMEOUT_S = 30
PIECE = 1 << 16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.onnx")

Progress = Callable[[int, int], None]  # bytes so far, of how many (0: not said)


@dataclass(frozen=True, slots=True)
class Model:
    """A model in the folder, as far as it can be used."""

    name: str
    file: str
    bytes: int
    sha256: str
    pinned: bool  # its class map names this digest
    size: str  # of the picture it looks at: 640x640
    classes: tuple[str, ...]
    roles: dict[str, int]  # role: classes that have it
    licence: str
    notes: tuple[str, ...]  # what a person should see to

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def installed(folder: Path) -> list[Model]:
    """Every ONNX model in the folder, by name.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; --dir names where the models are")
    return [_looked_at(path) for path in sorted(folder.glob("*.onnx"))]


def _looked_at(path: Path) -> Model:
    notes: list[str] = []
    names: tuple[str, ...] = ()
    size, roles, pinned = "", dict.fromkeys(maps.ROLES, 0), False
    digest = model_sha256(path)
    try:
        contract = OnnxBackend(DetectorSettings(model=str(path), runtime="onnxruntime"), "").contract
        names, size = contract.names, f"{contract.width}x{contract.height}"
        map_path = path.with_suffix(".yaml")
        found = maps.read_class_map(map_path)
        pinned = found.sha256 == digest
        if found.sha256 and not pinned:
            notes.append(f"{map_path.name} accepts another file: {found.sha256[:12]}…")
        elif not found.sha256:
            notes.append("any file of this name is accepted: write the digest into its class map")
        found.must_fit(map_path, names)
        for name in names:
            roles[found.role_of(name).role] += 1
        if not roles["evidence"] and not roles["context"]:
            notes.append(f"every class is ignored: say in {map_path.name} what they mean")
    except ConfigError as problem:
        notes.extend(f"{p.key}: {p.reason}" if p.key else p.reason for p in problem.problems)
    page = path.with_suffix(".md")
    if not page.is_file():
        notes.append("no card")
    elif is_unfinished(page):
        notes.append("its card is not finished")
    return Model(
        path.stem,
        str(path),
        path.stat().st_size,
        digest,
        pinned,
        size,
        names,
        roles,
        licence_of(page),
        tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation did."""

    onnx: Path
    sha256: str
    fresh: bool  # False: the very file was there already
    class_map: Path
    template: bool  # the class map was written just now, with every class ignored


def install(
    source: str, folder: Path, sha256: str = "", progress: Progress = lambda _a, _b: None
) -> Installed:
    """Put a model into the folder.

    Args:
        source: a file, or an https address; for an address the digest must be said.
        folder: where the models are; it is made when it is missing.
        sha256: the file must be this one.
        progress: told how far it is.

    Raises:
        UsageError: the call makes no sense, or another model of this name is there.
        ConfigError: it is not the file that was meant, or none that the detector can drive.
        DeviceError: the download failed; trying again may help.
    """
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise UsageError("--sha256: 64 lower-case hexadecimal digits; `sha256sum FILE` prints them")
    remote = "://" in source
    name = Path(unquote(urlsplit(source).path) if remote else source).name
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{source}: only NAME.onnx can be installed; `edge-agent model export` makes one of other formats"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with _partial(folder) as (stream, partial):
        if remote:
            _download(source, sha256, stream, progress)
        else:
            _copy(Path(source), stream, progress)
        stream.flush()
        os.fsync(stream.fileno())
        _must_be(source, partial, sha256)  # what is not what was meant is not looked into
        backend = _driven(source, partial)
        target = folder / name
        beside = Path(source).with_suffix(".yaml")
        known = beside if not remote and beside.is_file() else None
        text = _map_text(target, backend, known)
        fresh = _place(partial, target, backend.sha256)
    class_map = target.with_suffix(".yaml")
    if text:
        with class_map.open("x", encoding="utf-8") as written:
            written.write(text)
    return Installed(target, backend.sha256, fresh, class_map, template=bool(text) and known is None)


def _must_be(source: str, partial: Path, sha256: str) -> None:
    found = model_sha256(partial)
    if sha256 and found != sha256:
        raise UsageError(
            f"{source}: SHA-256 is {found}, you expected {sha256}: not installed. "
            "Ask who gave you the digest which of the two is right"
        )


def _driven(source: str, partial: Path) -> OnnxBackend:
    """The model, loaded once: it fits the contract."""
    try:
        return OnnxBackend(DetectorSettings(model=str(partial), runtime="onnxruntime"), "")
    except ConfigError as problem:  # says the name that the person knows
        raise ConfigError(tuple(replace(p, file=source) for p in problem.problems)) from problem


@contextmanager
def _partial(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file in the folder, gone afterwards: only its contents may stay, under another name."""
    handle, name = tempfile.mkstemp(prefix=".partial-", suffix=".onnx", dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _place(partial: Path, target: Path, sha256: str) -> bool:
    """Give the file its name in one step, unless there is one; False: the very same was there."""
    partial.chmod(0o644)
    try:
        os.link(partial, target)
    except FileExistsError:
        there = model_sha256(target)
        if there == sha256:
            return False
        raise UsageError(
            f"{target} is there and another model (SHA-256 {there[:12]}…): nothing was changed. "
            "Rename the new file, or remove the old one after nothing uses it"
        ) from None
    return True


def _map_text(target: Path, backend: OnnxBackend, known: Path | None) -> str:
    """The map to write beside the model: the source's own, else a template; empty where one is there.

    Raises:
        ConfigError: a map speaks of classes that the model does not know.
        UsageError: the map that is there accepts another file.
    """
    there = target.with_suffix(".yaml")
    if there.exists():
        found = maps.read_class_map(there)
        found.must_fit(there, backend.names)
        if found.sha256 and found.sha256 != backend.sha256:
            raise UsageError(
                f"{there} accepts the file with SHA-256 {found.sha256}; this one has {backend.sha256}. "
                "If this one is meant, write its digest there first: nothing was changed"
            )
        return ""
    if known is None:
        return maps.template(backend.sha256, backend.names, model=target.name)
    maps.read_class_map(known).must_fit(known, backend.names)
    return maps.pinned(known.read_text(encoding="utf-8"), backend.sha256)


def _copy(source: Path, stream: BinaryIO, progress: Progress) -> None:
    if not source.is_file():
        raise UsageError(f"{source}: no such file")
    size = source.stat().st_size
    if size > MAX_MODEL_BYTES:
        raise UsageError(f"{source}: {size} bytes; models over {MAX_MODEL_BYTES} are not loaded")
    with source.open("rb") as given:
        _pour(given, stream, size, progress)


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https and to nothing else."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str) -> Any:
        """Refuse to leave https."""
        _must_be_https(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _must_be_https(address: str) -> None:
    if urlsplit(address).scheme != "https":
        raise UsageError(f"{address}: models are fetched by https only")


def _download(address: str, sha256: str, stream: BinaryIO, progress: Progress) -> None:
    _must_be_https(address)
    if not sha256:
        raise UsageError(
            f"{address}: add --sha256 DIGEST: what comes from elsewhere is taken by its digest only"
        )
    opener = urllib.request.build_opener(_HttpsOnly)
    try:
        with opener.open(address, timeout=TIMEOUT_S) as answer:
            _pour(answer, stream, int(answer.headers.get("Content-Length") or 0), progress)
    except urllib.error.HTTPError as problem:
        _failed(address, f"the server answers {problem.code} {problem.reason}", problem)
    except (OSError, ValueError) as problem:  # URLError, TLS, time-outs; a Content-Length that is no number
        _failed(address, str(getattr(problem, "reason", problem)), problem)


def _failed(address: str, reason: str, problem: Exception) -> NoReturn:
    raise DeviceError(f"{address}: {reason}; nothing was installed") from problem


def _pour(given: Any, stream: BinaryIO, size: int, progress: Progress) -> None:
    done = 0
    while piece := given.read(PIECE):
        done += len(piece)
        if done > MAX_MODEL_BYTES:
            raise UsageError(
                f"over {MAX_MODEL_BYTES} bytes: no model of this size is loaded; nothing was installed"
            )
        stream.write(piece)
        progress(done, size)
    if size and done != size:
        raise ValueError(f"the connection ended after {done} of {size} bytes")
