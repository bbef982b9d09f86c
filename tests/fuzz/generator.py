"""Requests of somebody who means ill, made from openapi.json: the same seed gives the same requests."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.contract.openapi import Operation, Schema, wrong_values

TEXTS = (
    "",
    " ",
    "0",
    "-1",
    "1e400",
    "NaN",
    "null",
    "true",
    "..",
    "../../etc/passwd",
    "%00",
    "\x00",
    "a\r\nSet-Cookie: a=b",
    "€",
    "SET €",
    "\u202eabc",
    "\ud800",
    "' OR '1'='1",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "#attribute",
    ":value",
    "x" * 5_000,
    "9" * 400,
    "list",
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999+14:00",
)
"""Texts that some parser, query language or log stumbles over."""
NUMBERS = (
    0,
    -1,
    1,
    0.1,
    -0.0,
    2**31,
    2**53,
    2**63,
    2**64,
    10**400,
    -(10**400),
    1e308,
    5e-324,
    1_790_000_000,
    1_790_000_000_000,
)
"""Numbers at and past the edges of their types, and moments in seconds and milliseconds."""
RAW_BODIES = (
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe\x00",
    b'{"a":' * 2_000,
    b"[" * 50_000,
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":1e999}',
    b'{"a":1,"a":2}',
    b'"\\ud800"',
    b"\x1f\x8b\x08\x00" + b"\x00" * 40,
    b" " * 300_000,
    b"--boundary\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--boundary--",
)
"""Bodies that are no JSON, or hardly any."""
CONTENT_TYPES = (
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "\xff",
    "",
)
DEEPEST = 4


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True)
class Attacker:
    """What somebody has who attacks: credentials of his own, and ids, of his own and of others."""

    headers: Sequence[Mapping[str, str]]
    ids: Sequence[Mapping[str, str]]


class Generator:
    """Makes hostile requests for all operations, without end."""

    def __init__(self, operations: Sequence[Operation], attacker: Attacker, seed: int) -> None:
        self._operations = operations
        self._attacker = attacker
        self._random = random.Random(seed)  # noqa: S311 - the same requests for the same seed

    def __iter__(self) -> Iterator[Request]:
        """The requests."""
        while True:
            yield self._request(self._random.choice(self._operations))

    def _request(self, operation: Operation) -> Request:
        ids = dict(self._random.choice(self._attacker.ids))
        for name in operation.parameters:
            if self._one_in(3):
                ids[name] = self._text()
        path = operation.path.format_map(
            {name: quote(value.encode("utf-8", "surrogatepass"), "") for name, value in ids.items()}
        )
        method = (
            self._random.choice(("HEAD", "PUT", "PATCH", "OPTIONS", "TRACE")) if self._one_in(40) else operation.method
        )
        body = self._body(operation.body) if operation.body is not None or self._one_in(10) else None
        return Request(method, path + self._query(operation.queries), self._headers(), body)

    def _query(self, names: Sequence[str]) -> str:
        chosen = [name for name in (*names, "cursor", "limit") if self._one_in(3)]
        if not chosen:
            return ""
        values = [self._cursor() if name == "cursor" and self._one_in(2) else self._scalar_text() for name in chosen]
        return "?" + "&".join(
            f"{name}={quote(value.encode('utf-8', 'surrogatepass'), '')}"
            for name, value in zip(chosen, values, strict=True)
        )

    def _headers(self) -> dict[str, str]:
        headers = dict(self._random.choice(self._attacker.headers))
        headers["Content-Type"] = self._random.choice(CONTENT_TYPES)
        if self._one_in(8):
            headers[self._random.choice(("Authorization", "x-session-token"))] = self._header_text()
        if self._one_in(8):
            name = self._random.choice(("Origin", "Cookie", "X-Forwarded-For", "Content-Encoding", "Accept", "Range"))
            headers[name] = self._header_text()
        return headers

    def _header_text(self) -> str:
        junk = self._random.choice((*TEXTS, "Device gwk.x.y", "Bearer a.b.c", "gzip", "null", "http://evil.example"))
        return "".join(character for character in junk if " " <= character <= "\xff")[:4_000]

    def _body(self, schema: Schema | None) -> bytes:
        if self._one_in(6):
            return self._random.choice(RAW_BODIES)
        made = self._fitting(schema) if schema else self._junk(0)
        if isinstance(made, dict):
            self._spoil(made, schema or {})
        return json.dumps(made).encode("utf-8", "surrogatepass")

    def _spoil(self, made: dict[str, Any], schema: Schema) -> None:
        properties = schema.get("properties", {})
        for name in list(made):
            if self._one_in(4):
                del made[name]
            elif self._one_in(3):
                wrong = list(wrong_values(properties.get(name, {})))
                made[name] = self._random.choice(wrong) if wrong and self._one_in(2) else self._junk(0)
        if self._one_in(8):
            made[self._text()[:100]] = self._junk(0)

    def _fitting(self, schema: Schema) -> Any:
        """A value that the schema admits, more or less."""
        if choices := schema.get("anyOf"):
            return self._fitting(self._random.choice(choices))
        if allowed := schema.get("enum"):
            return self._random.choice(allowed)
        return self._of_kind(schema.get("type"), schema)

    def _of_kind(self, kind: str | None, schema: Schema) -> Any:
        if kind == "object":
            return {
                name: self._fitting(value)
                for name, value in schema.get("properties", {}).items()
                if self._random.random() < 0.8
            }
        if kind == "array":
            return [self._fitting(schema.get("items", {})) for _ in range(self._random.choice((0, 1, 2, 40)))]
        if kind in ("integer", "number"):
            return self._random.choice((schema.get("minimum", 0), schema.get("maximum", 10), 1))
        if kind == "boolean":
            return self._one_in(2)
        known = [value for ids in self._attacker.ids for value in ids.values()]
        return None if kind == "null" else self._random.choice(known) if self._one_in(2) else "a name"

    def _junk(self, depth: int) -> Any:
        choice = self._random.randrange(6 if depth < DEEPEST else 4)
        if choice == 4:
            return [self._junk(depth + 1) for _ in range(self._random.randrange(3))]
        if choice == 5:
            return {self._text()[:50]: self._junk(depth + 1) for _ in range(self._random.randrange(3))}
        return self._random.choice((None, True, self._text(), self._random.choice(NUMBERS)))

    def _cursor(self) -> str:
        inside = self._random.choice(
            ("[]", "{}", "null", "[1,2,3]", '{"a":{"S":"x"}}', "raw 9999999999999", "\xff", "9" * 100, "NaN")
        )
        return base64.urlsafe_b64encode(inside.encode("latin-1")).decode()

    def _scalar_text(self) -> str:
        return str(self._random.choice(NUMBERS)) if self._one_in(3) else self._text()

    def _text(self) -> str:
        return self._random.choice(TEXTS)

    def _one_in(self, number: int) -> bool:
        return self._random.randrange(number) == 0
