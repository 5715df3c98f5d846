"""The published contract, made from the code: `python -m edge_agent.evidence.contract_gen contract`.

    asyncapi.yaml            the topics, AsyncAPI 3
    schemas/*.schema.json    statement, receipt, command, envelope, state: JSON Schema 2020-12
    vectors/                 envelopes that a verifier must accept, and ones that it must refuse, and why

A test fails when what is published differs from what this makes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_agent.evidence.commands import Command
from edge_agent.evidence.contract_asyncapi import asyncapi
from edge_agent.evidence.contract_vectors import vectors
from edge_agent.evidence.dsse import COMMAND_TYPE, EVIDENCE_TYPE, MAX_SIGNATURES, RECEIPT_TYPE
from edge_agent.evidence.receipts import Receipt
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.uplink.state import BoxState

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_BASE64 = "^[A-Za-z0-9+/_-]*={0,2}$"


def contract() -> dict[str, bytes]:
    """Every generated file of `contract/`, by its path there."""
    return {
        "asyncapi.yaml": asyncapi().encode(),
        "schemas/statement.schema.json": _json(statement_schema()),
        "schemas/receipt.schema.json": _json(receipt_schema()),
        "schemas/command.schema.json": _json(command_schema()),
        "schemas/envelope.schema.json": _json(envelope_schema()),
        "schemas/state.schema.json": _json(state_schema()),
        **{f"vectors/{name}": data for name, data in vectors().items()},
    }


def statement_schema() -> dict[str, Any]:
    """What a signed payload looks like. Every field is always there."""
    schema = Statement.model_json_schema(by_alias=True)
    for part in _objects(schema):
        part["required"] = list(part["properties"])
    return {"$schema": DRAFT, "$id": "statement.schema.json", **schema, "title": "Evidence statement v1"}


def receipt_schema() -> dict[str, Any]:
    """What the platform signs back."""
    schema = Receipt.model_json_schema(by_alias=True)
    schema["required"] = sorted({*schema.get("required", []), "schema"})
    return {"$schema": DRAFT, "$id": "receipt.schema.json", **schema, "title": "Receipt v1"}


def command_schema() -> dict[str, Any]:
    """What the platform may ask of a box. Every field is always there."""
    schema = Command.model_json_schema(by_alias=True)
    for part in _objects(schema):
        part["required"] = list(part["properties"])
    return {"$schema": DRAFT, "$id": "command.schema.json", **schema, "title": "Command v1"}


def state_schema() -> dict[str, Any]:
    """The unsigned hint on the state topic."""
    schema = BoxState.model_json_schema()
    return {"$schema": DRAFT, "$id": "state.schema.json", **schema, "title": "State of a box v1"}


def envelope_schema() -> dict[str, Any]:
    """DSSE 1.0.0. Other fields are allowed and mean nothing."""
    signature = {
        "type": "object",
        "required": ["sig"],
        "properties": {
            "keyid": {
                "type": "string",
                "description": "SHA-256 of the public key's SPKI DER, hex. A hint: it decides nothing.",
            },
            "sig": {
                "type": "string",
                "pattern": _BASE64,
                "description": "Over the PAE of payloadType and payload: Ed25519, or ECDSA P-256 with "
                "SHA-256 in DER, as the key says; of a second signature SM2 with SM3 in DER.",
            },
        },
    }
    return {
        "$schema": DRAFT,
        "$id": "envelope.schema.json",
        "title": "DSSE envelope",
        "type": "object",
        "required": ["payload", "payloadType", "signatures"],
        "properties": {
            "payload": {
                "type": "string",
                "pattern": _BASE64,
                "description": "The exact bytes that were signed.",
            },
            "payloadType": {"enum": [EVIDENCE_TYPE, RECEIPT_TYPE, COMMAND_TYPE]},
            "signatures": {"type": "array", "minItems": 1, "maxItems": MAX_SIGNATURES, "items": signature},
        },
    }


def write(out: Path) -> list[str]:
    """Write the files; remove vectors that are no longer made. Returns what changed."""
    made = contract()
    changed = []
    for name, data in made.items():
        path = out / name
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            changed.append(name)
    for path in sorted((out / "vectors").rglob("*")):
        if path.is_file() and str(path.relative_to(out)) not in made:
            path.unlink()
            changed.append(f"{path.relative_to(out)} (removed)")
    return changed


def _objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (part for part in [schema, *schema.get("$defs", {}).values()] if "properties" in part)


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


if __name__ == "__main__":
    for line in write(Path(sys.argv[1] if len(sys.argv) > 1 else "contract")):
        print(line)
