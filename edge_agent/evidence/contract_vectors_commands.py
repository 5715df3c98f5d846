"""Test vectors of commands: what a box must accept, what it must refuse, and by which check.

`index.json` says as what box, and when, they are judged; a bad one's `check` is `signature`, `type`, or the
`reason` of the chained refusal.
"""

from __future__ import annotations

import hashlib
from typing import Any

from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.commands import Command, Refusal, encode, sign
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.keys import FileKey

COMMAND_KEY = FileKey.from_seed(bytes(range(96, 128)))
REVOKED_KEY = FileKey.from_seed(bytes(range(128, 160)))
STRANGER = FileKey.from_seed(bytes(range(160, 192)))

NOW_US = 1_795_000_000_000_000
HOUR_US = 3_600_000_000
LAST_COUNTER = 41
CONFIG = "schema: 1\n"

# As what box, and when, the vectors are judged.
BOX: dict[str, Any] = {
    "tenant": "city",
    "device_id": "ea-test-0001",
    "now_utc_us": NOW_US,
    "last_counter": LAST_COUNTER,
    "config_sha256": "cd" * 32,
    "issuers": [
        {"name": "city-platform", "key": "keys/command.pem", "roles": ["grade", "inspect", "operate"]},
        {"name": "old-platform", "key": "keys/command-revoked.pem", "roles": []},
    ],
}


def a_command(action: dict[str, Any] | None = None, **other: Any) -> Command:
    """A command that the box of the vectors accepts."""
    return Command.model_validate(
        {
            "schema": "command.v1",
            "tenant": "city",
            "device_id": "ea-test-0001",
            "cmd_id": "3f0e2a52-0000-4000-8000-000000000001",
            "issuer": "city-platform",
            "role": "grade",
            "issued_utc_us": NOW_US - 1_000_000,
            "not_before_utc_us": NOW_US - 300_000_000,
            "expires_utc_us": NOW_US + HOUR_US,
            "counter": LAST_COUNTER + 1,
            "action": action or {"name": "set_tier", "shop": "door-1", "tier": "red"},
            "expected_config_sha256": None,
            **other,
        }
    )


def command_vectors() -> dict[str, bytes]:
    """Every file, by its path under `vectors/`."""
    return {
        "keys/command.pem": COMMAND_KEY.public.pem,
        "keys/command-revoked.pem": REVOKED_KEY.public.pem,
        **{f"commands/good/{name}.dsse.json": data for name, data in _good().items()},
        **{f"commands/bad/{name}.dsse.json": data for name, (data, _, _) in _bad().items()},
    }


def command_index() -> dict[str, Any]:
    """Their part of `index.json`."""
    return {
        "box": BOX,
        "good": [
            {
                "file": f"commands/good/{name}.dsse.json",
                "payload_sha256": hashlib.sha256(dsse.decode(data)[1]).hexdigest(),
            }
            for name, data in _good().items()
        ],
        "bad": [
            {"file": f"commands/bad/{name}.dsse.json", "check": check, "why": why}
            for name, (data, check, why) in _bad().items()
        ],
    }


def _good() -> dict[str, bytes]:
    inspection = {
        "name": "order_inspection",
        "zone": "door-1",
        "due_utc_us": NOW_US + HOUR_US,
        "until_utc_us": NOW_US + 2 * HOUR_US,
    }
    clip = {"name": "request_clip", "camera": "c1", "start_utc_us": NOW_US, "end_utc_us": NOW_US + 10_000_000}
    commands = {
        "set-tier": a_command(),
        "order-inspection": a_command(inspection, role="inspect"),
        "recheck": a_command({"name": "recheck", "case": "boot-door-1-1"}, role="inspect"),
        "request-clip": a_command(clip, role="operate"),
        "snapshot": a_command({"name": "snapshot", "camera": "c1"}, role="operate"),
        "clock-report": a_command(
            {"name": "clock_report"}, role="operate", expected_config_sha256=BOX["config_sha256"]
        ),
    }
    return {name: sign(command, [COMMAND_KEY]) for name, command in commands.items()}


def _bad() -> dict[str, tuple[bytes, str, str]]:
    """Name -> (envelope, check that fails, why)."""
    good = a_command()
    fields = strict_json.loads(encode(good))

    def signed(**changed: Any) -> bytes:
        return sign(a_command(**changed), [COMMAND_KEY])

    def raw(**changed: Any) -> bytes:
        return dsse.sign(dsse.COMMAND_TYPE, strict_json.dumps(fields | changed), [COMMAND_KEY])

    update = {
        "name": "update_config",
        "text": CONFIG,
        "sha256": hashlib.sha256(CONFIG.encode()).hexdigest(),
    }
    shell = {"name": "run", "program": "/bin/sh"}
    return {
        "stranger": (sign(good, [STRANGER]), "signature", "no command key of this box signed it"),
        "evidence-key": (sign(good, [KEY]), "signature", "the box's own evidence key may command nothing"),
        "receipt-type": (
            dsse.sign(dsse.RECEIPT_TYPE, encode(good), [COMMAND_KEY]),
            "type",
            "a command key signs commands and nothing else",
        ),
        "shell": (raw(action=shell), Refusal.MALFORMED, "there is no command that runs a program"),
        "no-counter": (raw(counter=None), Refusal.MALFORMED, "every field is always there"),
        "float-counter": (
            dsse.sign(dsse.COMMAND_TYPE, encode(good).replace(b":42,", b":42.0,"), [COMMAND_KEY]),
            Refusal.MALFORMED,
            "a number with a point",
        ),
        "valid-for-a-month": (
            raw(expires_utc_us=NOW_US + 30 * 24 * HOUR_US),
            Refusal.MALFORMED,
            "no command is valid for more than seven days",
        ),
        "revoked": (
            sign(a_command(issuer="old-platform"), [REVOKED_KEY]),
            Refusal.KEY_REVOKED,
            "the key was taken back",
        ),
        "other-issuer": (signed(issuer="somebody"), Refusal.WRONG_ISSUER, "not the name of the key's owner"),
        "other-role": (
            signed(role="inspect"),
            Refusal.WRONG_ROLE,
            "inspectors do not grade: the role does not allow this",
        ),
        "not-its-role": (
            signed(action=update, role="maintain", expected_config_sha256=BOX["config_sha256"]),
            Refusal.WRONG_ROLE,
            "the issuer has not this role",
        ),
        "other-box": (signed(device_id="ea-test-0002"), Refusal.WRONG_AUDIENCE, "meant for another box"),
        "other-tenant": (signed(tenant="town"), Refusal.WRONG_AUDIENCE, "meant for another tenant"),
        "old-counter": (
            signed(counter=LAST_COUNTER),
            Refusal.REPLAYED,
            "the counter must be higher than the last one",
        ),
        "expired": (signed(expires_utc_us=NOW_US), Refusal.EXPIRED, "it came after its time"),
        "too-early": (
            signed(not_before_utc_us=NOW_US + 1),
            Refusal.NOT_YET_VALID,
            "it came before its time",
        ),
        "other-config": (
            signed(expected_config_sha256="ab" * 32),
            Refusal.CONFIG_DIFFERS,
            "the box runs another configuration than the issuer believes",
        ),
    }
