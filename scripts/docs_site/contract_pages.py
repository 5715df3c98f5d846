"""The wire contract as pages: every field of a JSON Schema in a table, every topic of the AsyncAPI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Tree = Mapping[str, Any]

# A schema's page, its raw file beside it.
TITLES = {
    "statement": "Statement, field by field",
    "receipt": "Receipt, field by field",
    "command": "Command, field by field",
    "envelope": "Envelope",
    "state": "State",
}


def schema_page(name: str, schema: Tree) -> str:
    """One page: the whole object first, then every part in the order of the alphabet."""
    raw = f"schemas/{name}.schema.json"
    lines = [
        f"# {TITLES[name]}",
        "",
        f"Made of [{raw}]({raw}) (JSON Schema 2020-12), which is what counts.",
        "",
        *_said(schema),
        *_table(schema),
    ]
    for part, told in sorted(schema.get("$defs", {}).items()):
        lines += ["", f"## {part}", "", *_said(told)]
        lines += _table(told) if "properties" in told else [_values(told)]
    return "\n".join(lines) + "\n"


def _said(told: Tree) -> list[str]:
    return [" ".join(told["description"].split()), ""] if told.get("description") else []


def _table(told: Tree) -> list[str]:
    required = set(told.get("required", ()))
    lines = ["| field | type | | meaning |", "|---|---|---|---|"]
    for field, kind in told.get("properties", {}).items():
        needed = "" if field in required else "may be left out"
        text = " ".join(str(kind.get("description", "")).split())
        lines.append(f"| `{field}` | {_cell(_type(kind))} | {needed} | {_cell(text)} |")
    return lines


def _values(told: Tree) -> str:
    return f"Type: {_type(told)}."


def _type(kind: Tree) -> str:
    """A type in words."""
    several = kind.get("anyOf") or kind.get("oneOf")
    if several:
        return " or ".join(_type(one) for one in several)
    if "$ref" in kind:
        name = kind["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in kind:
        return f"`{json.dumps(kind['const'], ensure_ascii=False)}`"
    if "enum" in kind:
        return ", ".join(f"`{value}`" for value in kind["enum"])
    return _compound(kind) or f"{kind.get('type', 'anything')}{''.join(_limits(kind))}"


def _compound(kind: Tree) -> str:
    """A list or a mapping in words; empty for what is neither."""
    if kind.get("type") == "array":
        items = " then ".join(map(_type, kind.get("prefixItems", ()))) or _type(kind.get("items", {}))
        return f"list of {items}{_bounds(kind, 'minItems', 'maxItems')}"
    if isinstance(kind.get("additionalProperties"), Mapping):
        return f"object of {_type(kind['additionalProperties'])}"
    return ""


def _limits(kind: Tree) -> Iterator[str]:
    yield _bounds(kind, "minimum", "maximum")
    yield _bounds(kind, "minLength", "maxLength", " characters")
    if "pattern" in kind:
        yield f", `{kind['pattern']}`"


def _bounds(kind: Tree, low: str, high: str, unit: str = "") -> str:
    least, most = kind.get(low), kind.get(high)
    if least is None and most is None:
        return ""
    if least is None:
        return f", at most {_number(most)}{unit}"
    if most is None:
        return f", at least {_number(least)}{unit}"
    return f", {_number(least)} to {_number(most)}{unit}"


def _number(value: float) -> str:
    """2^53 - 1 is said as such: nobody knows it by heart."""
    sign, size = ("−" if value < 0 else ""), abs(value)
    return f"{sign}2⁵³ − 1" if size == 2**53 - 1 else f"{sign}{size:,}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def topics_page(api: Tree) -> str:
    """Every topic: who sends, what, how often, and the message's form."""
    lines = [
        "# Topics and messages",
        "",
        "Made of [asyncapi.yaml](asyncapi.yaml) (AsyncAPI 3), which is what counts.",
        "",
        api["info"]["description"].strip(),
        "",
        "| topic | the box | QoS, retained | what |",
        "|---|---|---|---|",
    ]
    for operation in api["operations"].values():
        name = operation["channel"]["$ref"].rsplit("/", 1)[1]
        channel = api["channels"][name]
        mqtt = operation.get("bindings", {}).get("mqtt", {})
        how = f"{mqtt.get('qos', '')}{', retained' if mqtt.get('retain') else ''}"
        link = f"[`{channel['address']}`](#{name})"
        lines.append(f"| {link} | {operation['action']}s | {how} | {channel['description']} |")
    for name, channel in api["channels"].items():
        lines += ["", f"## {name}", "", f"`{channel['address']}`: {channel['description']}", ""]
        lines += _operations(api, name)
        lines += [line for message in channel["messages"] for line in _message(api, message)]
    return "\n".join(lines) + "\n"


def _operations(api: Tree, channel: str) -> list[str]:
    found = [
        operation
        for operation in api["operations"].values()
        if operation["channel"]["$ref"].rsplit("/", 1)[1] == channel and operation.get("summary")
    ]
    return [line for operation in found for line in (operation["summary"], "")]


def _message(api: Tree, name: str) -> list[str]:
    message = api["components"]["messages"][name]
    lines = [f"**{name}**, `{message.get('contentType', api['defaultContentType'])}`"]
    lines[0] += f": {' '.join(message['description'].split())}" if message.get("description") else ""
    payload = message.get("payload", {})
    schema = payload.get("$ref") or payload.get("schema", {}).get("$ref", "")
    if schema.startswith("./schemas/"):
        file = schema.rsplit("/", 1)[1]
        lines.append(f"Its form: [{file}]({file.split('.')[0]}.md).")
    headers = message.get("headers", {}).get("properties", {})
    if headers:
        lines += ["", "| user property | meaning |", "|---|---|"]
        lines += [
            f"| `{key}` | {_cell(told.get('description') or _type(told))} |" for key, told in headers.items()
        ]
    return [*lines, ""]
