"""`edge-agent identity`: the box's keys and their certificates."""

from __future__ import annotations

import json
import os
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.evidence.own_keys import OwnKey
    from edge_agent.evidence.settings import EvidenceSettings
    from edge_agent.evidence.uplink.settings import BrokerSettings

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The box's keys and their certificates. 设备密钥与证书。"
)

Config = Annotated[Path, typer.Option(metavar="SITE.yaml", help="The site's configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DEFAULT_CONFIG = Path("/etc/edge-agent/site.yaml")

NAMES = {
    "evidence": "evidence key 证据密钥",
    "evidence-next": "next evidence key 待启用的证据密钥",
    "tls": "TLS key 传输密钥",
}
LABELS = {
    "keyid": ("key id", "密钥编号"),
    "algorithm": ("algorithm", "算法"),
    "kept": ("kept in", "存放位置"),
    "mode": ("file mode", "文件权限"),
    "subject": ("certificate", "证书主体"),
    "issuer": ("issued by", "签发者"),
    "not_after": ("valid until", "有效期至"),
    "days_left": ("days left", "剩余天数"),
    "warning": ("RENEW", "请更新证书"),
    "problem": ("NOT GOOD", "有问题"),
}


@app.command()
def init(config: Config = DEFAULT_CONFIG) -> None:
    """Make the evidence key and the TLS key where the configuration wants them; never overwrite one."""
    from edge_agent.evidence.key_places import key_place, open_keys  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.keys import P256, FileKey  # noqa: PLC0415

    settings, broker = _settings(config)
    _check_user(settings.certificates_dir)
    place = key_place(settings)
    kept = place.current() is not None
    key, _ = open_keys(place)
    print(f"evidence key {key.keyid} ({key.public.algorithm}) {'kept' if kept else 'made'}: {place.where}")
    path = broker.tls_client_key if broker else None
    if path is None:
        print("no TLS key: the configuration has no uplink.mqtt.tls_client_key")
    else:
        kept = path.exists()
        # P-256: what every broker and authority takes; not all of them know Ed25519.
        tls = FileKey.load(path) if kept else FileKey.generate(path, P256)
        print(f"TLS key {tls.keyid} ({tls.public.algorithm}) {'kept' if kept else 'made'}: {path}")
    print("next: `edge-agent identity csr`")


@app.command()
def csr(
    config: Config = DEFAULT_CONFIG,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the requests go.")] = Path(),
) -> None:
    """Write a certificate request for each key: public data, to be signed by the platform's authority."""
    from edge_agent.evidence import small_files  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.enrolment import request  # noqa: PLC0415

    settings, broker = _settings(config)
    for own in _usable(settings, broker):
        assert own.key is not None
        pem = request(own.key.private, own.common_name, settings.device.tenant)
        path = out / f"{settings.device.device_id}-{own.name}.csr"
        small_files.write_over(path, pem, 0o644)
        print(f"{path}: CN={own.common_name}, O={settings.device.tenant}, key {own.key.keyid:.16}")


@app.command()
def install(
    certificate: Annotated[Path, typer.Argument(metavar="CERT.pem", help="The key's own, then its chain.")],
    config: Config = DEFAULT_CONFIG,
    ca: Annotated[
        Path | None, typer.Option(metavar="CA.pem", help="The authorities it must lead back to.")
    ] = None,
) -> None:
    """Check a certificate against our keys, the clock and the authority, and put it where it belongs."""
    from edge_agent.evidence.certificates import read_certificates  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.enrolment import install as install_certificate  # noqa: PLC0415
    from edge_agent.evidence.own_keys import TLS  # noqa: PLC0415

    settings, broker = _settings(config)
    _check_user(settings.certificates_dir)
    purposes = [own.purpose for own in _usable(settings, broker)]
    authorities = read_certificates(ca) if ca else ()
    found = install_certificate(certificate, purposes, authorities, _now_us())
    print(f"installed for the {found.name} key: {found.path}")
    if not ca:
        print("NOT checked: who issued it; give the authority's certificate with --ca")
    if found.name == TLS:
        print("the next connection to the broker uses it; nothing needs a restart")
    else:
        print("restart edge-agent: it names the certificate in every statement from then on")


@app.command()
def rotate(config: Config = DEFAULT_CONFIG) -> None:
    """Make the next evidence key; the daemon lets it take over at its next start, signed by both."""
    from edge_agent.evidence.key_places import key_place, prepare_successor  # noqa: PLC0415 - help stays instant

    settings, _ = _settings(config)
    _check_user(settings.certificates_dir)
    key = prepare_successor(key_place(settings))
    print(f"next evidence key {key.keyid} ({key.public.algorithm}) made")
    print("1. where the platform issues certificates: `edge-agent identity csr`, then `install`")
    print("2. restart edge-agent: it seals the rotation, signed by both keys, and goes on with the new one")


@app.command()
def show(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Which keys there are, where, and until when their certificates are valid. Never a private byte.

    Exit: 0 all of it is good, 1 a key is missing or unusable, or a certificate is not valid now.
    """
    from edge_agent.evidence.own_keys import described, own_keys  # noqa: PLC0415 - help stays instant

    settings, broker = _settings(config)
    told = [described(own, _now_us()) for own in own_keys(settings, broker)]
    if as_json:
        device = settings.device
        print(json.dumps({"tenant": device.tenant, "device_id": device.device_id, "keys": told}))
    else:
        print("\n".join(_as_text(key) for key in told))
    if any(key["problem"] for key in told):
        raise typer.Exit(1)


def _settings(path: Path) -> tuple[EvidenceSettings, BrokerSettings | None]:
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant

    if not path.is_file():
        raise UsageError(f"no file {path}; name the site's configuration with --config")
    config = load(path)
    return config.evidence_settings(), config.uplink.mqtt if config.uplink else None


def _check_user(folder: Path) -> None:
    """A key that root made in the service's folder is one that the service refuses to use."""
    if folder.is_dir() and folder.stat().st_uid != os.geteuid():
        owner = folder.owner()
        raise UsageError(
            f"{folder} is {owner}'s: call this as {owner}: sudo -u {owner} edge-agent identity ..."
        )


def _usable(settings: EvidenceSettings, broker: BrokerSettings | None) -> list[OwnKey]:
    from edge_agent.evidence.own_keys import own_keys  # noqa: PLC0415 - help stays instant

    found = own_keys(settings, broker)
    for own in found:
        if own.key is None:
            why = own.problem or "there is none yet; `edge-agent identity init` makes it"
            raise UsageError(f"{own.name} key in {own.where}: {why}")
    return found


def _as_text(key: dict[str, Any]) -> str:
    rows = {**key, **(key["certificate"] or {})}
    width = max(_width(f"{english} {chinese}") for english, chinese in LABELS.values())
    lines = [NAMES[key["name"]]]
    for field, (english, chinese) in LABELS.items():
        if rows.get(field) not in {"", None}:
            label = f"{english} {chinese}"
            lines.append(f"  {label}{' ' * (width - _width(label))}  {rows[field]}")
    return "\n".join(lines)


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _now_us() -> int:
    return time.time_ns() // 1000
