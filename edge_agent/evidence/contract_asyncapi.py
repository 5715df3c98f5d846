"""The topics as an AsyncAPI 3 document: what a platform in any language subscribes to and publishes."""

from __future__ import annotations

from typing import Any

import yaml

from edge_agent.evidence.dsse import COMMAND_TYPE, EVIDENCE_TYPE, RECEIPT_TYPE
from edge_agent.evidence.uplink.chunks import HEADER, MAGIC
from edge_agent.evidence.uplink.topics import Topics

_NAME = {"description": "Letters, digits, '.', '_' and '-'; at most 64."}
_QOS1 = {"mqtt": {"qos": 1, "retain": False, "bindingVersion": "0.2.0"}}
_RETAINED = {"mqtt": {"qos": 1, "retain": True, "bindingVersion": "0.2.0"}}

_INFO = """\
Signed evidence from roadside boxes. The rules that matter:

* Everything that counts is inside the signed payload. MQTT properties are hints.
* A PUBACK is no receipt. A box keeps everything until a signed receipt names it.
* Attachments are sent before the statement that lists them; accept both orders, duplicates, and
  statements in any order. The identity of a statement is the SHA-256 of its payload bytes.
* Store durably, then publish the receipt. Never re-serialise a payload: keep its bytes.
* The box publishes its head on every connect and every ten minutes; answer with the watermark (the
  highest seq up to which everything is stored, attachments included, and its hash) and what is missing.
* The same (device, epoch, seq) with two payloads is equivocation: alarm, and freeze the device.
"""


class _Dumper(yaml.SafeDumper):
    """Longer texts as blocks, for people read this file."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def asyncapi() -> str:
    """The document, as YAML."""
    return yaml.dump(_document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _document() -> dict[str, Any]:
    topics = Topics("ea/v1", "TENANT", "DEVICE")
    channels = {
        "statements": (topics.statement, "statement", "Statements, as they are sealed."),
        "attachments": (topics.attachment("SHA256"), "chunk", "Attachments in chunks."),
        "head": (topics.head, "head", "The end of the chain."),
        "state": (topics.state, "state", "Whether the box is connected, and how it is."),
        "receipts": (topics.receipts, "receipt", "What the platform says that it has."),
        "commands": (topics.commands, "command", "What the platform asks of the box."),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "edge-agent evidence",
            "version": "1.0.0",
            "description": _INFO,
            "license": {"name": "AGPL-3.0-or-later"},
        },
        "defaultContentType": "application/vnd.dsse+json",
        "channels": {name: _channel(*parts) for name, parts in channels.items()},
        "operations": _operations(),
        "components": {"messages": _messages()},
    }


def _channel(topic: str, message: str, description: str) -> dict[str, Any]:
    address = topic.replace("TENANT", "{tenant}").replace("DEVICE", "{device}").replace("SHA256", "{sha256}")
    parameters: dict[str, Any] = {"tenant": dict(_NAME), "device": dict(_NAME)}
    if "{sha256}" in address:
        parameters["sha256"] = {"description": "Of the whole attachment, lower-case hex."}
    return {
        "address": address,
        "description": description,
        "parameters": parameters,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _operations() -> dict[str, Any]:
    """From the box's side: it sends all but receipts and commands."""

    def operation(action: str, channel: str, summary: str, bindings: dict[str, Any]) -> dict[str, Any]:
        return {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": summary,
            "bindings": bindings,
        }

    return {
        "sendStatement": operation("send", "statements", "Live cases first, then the backlog.", _QOS1),
        "sendAttachment": operation("send", "attachments", "Before the statement that lists it.", _QOS1),
        "sendHead": operation(
            "send",
            "head",
            "On every connect and every ten minutes. A box that has just started first asks, not retained,"
            " with its newest statement that has a receipt.",
            _RETAINED,
        ),
        "sendState": operation(
            "send", "state", "On connect, and when it changes; `offline` is the last will.", _RETAINED
        ),
        "receiveReceipt": operation("receive", "receipts", "Only these let the box purge anything.", _QOS1),
        "receiveCommand": operation("receive", "commands", "A command_result in `stmt` answers.", _QOS1),
    }


def _messages() -> dict[str, Any]:
    header = f"magic {MAGIC.decode()!r}, offset and total as 64-bit big-endian integers: {HEADER.size} bytes"
    return {
        "statement": {
            "contentType": "application/vnd.dsse+json",
            "description": f"DSSE envelope, payload type {EVIDENCE_TYPE}.",
            "payload": {"$ref": "./schemas/envelope.schema.json"},
            "x-signed-payload": {"$ref": "./schemas/statement.schema.json"},
        },
        "head": {
            "contentType": "application/vnd.dsse+json",
            "description": "The envelope of the newest statement, as a rule a heartbeat.",
            "payload": {"$ref": "./schemas/envelope.schema.json"},
            "x-signed-payload": {"$ref": "./schemas/statement.schema.json"},
        },
        "receipt": {
            "contentType": "application/vnd.dsse+json",
            "description": f"DSSE envelope, payload type {RECEIPT_TYPE}, signed with a receipt key.",
            "payload": {"$ref": "./schemas/envelope.schema.json"},
            "x-signed-payload": {"$ref": "./schemas/receipt.schema.json"},
        },
        "command": {
            "contentType": "application/vnd.dsse+json",
            "description": f"DSSE envelope, payload type {COMMAND_TYPE}, signed with a command key.",
            "payload": {"$ref": "./schemas/envelope.schema.json"},
            "x-signed-payload": {"$ref": "./schemas/command.schema.json"},
        },
        "chunk": {
            "contentType": "application/octet-stream",
            "description": f"{header}; then at least one byte of the attachment from that offset on.",
            "payload": {"type": "string", "format": "binary"},
        },
        "state": {
            "contentType": "application/json",
            "description": "Unsigned: a hint for a screen, never for a decision.",
            "payload": {"$ref": "./schemas/state.schema.json"},
        },
    }
