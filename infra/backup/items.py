"""Items of DynamoDB as lines of JSON, in its own typed form, and back: {"S": "text"}, {"N": "1"}, {"B": "base64"}."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

Item = dict[str, Any]
"""From attribute names to typed values, as botocore gives and takes them."""


def to_line(item: Item) -> bytes:
    """One line, its end included; the same item gives the same line."""
    typed = {name: _converted(value, _text) for name, value in item.items()}
    return json.dumps(typed, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Item:
    """The item of a line."""
    return {name: _converted(value, base64.b64decode) for name, value in json.loads(line).items()}


def _converted(value: dict[str, Any], binary: Callable[[Any], Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: binary(content)}
        case "BS":
            return {kind: sorted(map(binary, content))}
        case "L":
            return {kind: [_converted(part, binary) for part in content]}
        case "M":
            return {kind: {name: _converted(part, binary) for name, part in content.items()}}
        case _:
            return value


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
