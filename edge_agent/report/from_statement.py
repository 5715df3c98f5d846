"""A statement and what lies beside it: its bundle or its replay, its files, its case's other records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.config.recorded import from_text
from edge_agent.config.settings import SiteConfig
from edge_agent.errors import ConfigError, UsageError, VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.bundle import MANIFEST
from edge_agent.evidence.keys import PublicKey
from edge_agent.evidence.statement import parse
from edge_agent.evidence.verify import Material, Report, verify
from edge_agent.evidence.verify_sources import open_material
from edge_agent.report.sealed import Data, Sealed, no_files
from edge_agent.report.statements import Loaded, load_all
from edge_agent.sinks import CONFIG_FILE

MAX_FILE = 64 * 1024 * 1024
MAX_CONFIG = 4 * 1024 * 1024
NO_KEY = "签名：没有给出密钥（--keys） signatures: no key was given (--keys)"
UNSIGNED = "签名：此为回放所得，无人签名 signatures: of a replay, nobody signed"


@dataclass(frozen=True, slots=True)
class Beside:
    """Statements with what was found beside them."""

    sealed: list[Sealed]
    report: Report
    config: SiteConfig | None  # of the replay that wrote them; None: not at hand


def open_statements(
    path: Path, keys: Sequence[PublicKey] = (), receipt_keys: Sequence[PublicKey] = ()
) -> Beside:
    """A statement's file, or a bundle.

    Args:
        path: an envelope, a bare statement of a replay, or a bundle's folder.
        keys: of evidence, that the caller trusts; without them a bundle's own are used, and it is said so.
        receipt_keys: the same of the platform's receipts.

    Raises:
        UsageError: nothing there that is a statement.
        VerificationError: it is none.
    """
    root = path if path.is_dir() else path.parent.parent
    if (root / MANIFEST).is_file():
        return _of_bundle(root, None if path.is_dir() else path, keys, receipt_keys)
    loaded = load_all(path)
    if all(one.envelope is None for one in loaded):
        return _of_replay(loaded)
    if path.is_dir():
        raise UsageError(f"{path}: no bundle (it has no {MANIFEST}), and no folder of a replay")
    material = open_material(path)
    report = _verified(material, keys, receipt_keys)
    verified = report.good if keys else None
    receipted = None if not receipt_keys else bool(report.receipts)
    return Beside([_sealed(loaded[0], verified, receipted, reader(material))], report, None)


def _of_replay(loaded: Sequence[Loaded]) -> Beside:
    path = loaded[0].path
    config = read_config(path.parent.parent / CONFIG_FILE)
    data = reader(open_material(path))
    return Beside([_sealed(one, None, None, data) for one in loaded], Report(not_checked=[UNSIGNED]), config)


def _of_bundle(
    root: Path, chosen: Path | None, keys: Sequence[PublicKey], receipt_keys: Sequence[PublicKey]
) -> Beside:
    material = open_material(root)
    material.items = list(material.items)
    report = _verified(material, keys, receipt_keys)
    bad = {where for where, _ in report.problems}
    known = bool(keys or material.evidence_keys)
    data = reader(material)
    found: list[tuple[str, Sealed]] = []
    for item in material.items:
        try:
            kind, payload, _ = dsse.decode(item.envelope)
            if kind != dsse.EVIDENCE_TYPE:
                continue
            statement = parse(payload)
        except VerificationError as error:
            if chosen is not None and (root / item.name).resolve() == chosen.resolve():
                raise VerificationError(f"{chosen}: {error}") from error
            continue  # the report has named it
        one = Loaded(root / item.name, statement, payload, item.envelope)
        verified = item.name not in bad if known else None
        found.append((item.name, _sealed(one, verified, bool(item.receipts), data)))
    if chosen is None:
        return Beside([one for _, one in found], report, None)
    mine = next((one for name, one in found if (root / name).resolve() == chosen.resolve()), None)
    if mine is None:
        raise UsageError(f"{chosen} is not listed in {root / MANIFEST}")
    return Beside(_of_case(mine, [one for _, one in found]), report, None)


def _of_case(mine: Sealed, all_of_them: Sequence[Sealed]) -> list[Sealed]:
    """The other records of a street's case belong to its story; a weighing stands alone."""
    said = mine.statement["storefront"]
    if said is None:
        return [mine]
    return [
        one
        for one in all_of_them
        if one.statement["storefront"] is not None and one.statement["storefront"]["case"] == said["case"]
    ]


def _sealed(loaded: Loaded, verified: bool | None, receipted: bool | None, data: Data) -> Sealed:
    return Sealed(
        statement=json.loads(loaded.payload),
        payload_sha256=loaded.payload_sha256,
        verified=verified,
        receipted=receipted,
        files={},
        data=data,
        linked=False,
    )


def _verified(material: Material, keys: Sequence[PublicKey], receipt_keys: Sequence[PublicKey]) -> Report:
    if not keys and not material.evidence_keys:
        # What was found while reading is bad all the same: a file that is not what its sum says.
        not_checked = [*material.not_checked, NO_KEY]
        return Report(list(material.checked), not_checked, list(material.problems))
    return verify(material, keys, receipt_keys)


def reader(material: Material) -> Data:
    """Files by the digest that their names claim, no larger than `MAX_FILE`; who shows one checks it."""

    def read(sha256: str) -> bytes | None:
        found = material.attachment(sha256)
        if isinstance(found, Path):
            if not found.is_file() or found.stat().st_size > MAX_FILE:  # a device has no size, and no end
                return None
            return found.read_bytes()
        return found

    return read


def files_of(folder: Path | None) -> Data:
    """The files of a bundle, or of any folder of evidence; nothing where none is named."""
    return no_files if folder is None else reader(open_material(folder))


def pictures_of(folder: Path) -> Data:
    """The pictures that `import` left beside a recording; nothing where it left none."""
    files = {path.stem: path for path in folder.iterdir()} if folder.is_dir() else {}
    return reader(Material([], files.get, partial=True))


def read_config(path: Path) -> SiteConfig | None:
    """A replay's configuration; None where there is none, or none that this program reads."""
    if not path.is_file() or path.stat().st_size > MAX_CONFIG:
        return None
    try:
        return from_text(path.read_text(encoding="utf-8", errors="replace"))
    except ConfigError:
        return None
