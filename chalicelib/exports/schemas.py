"""Exports."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.core.schemas import Answer, Iso, Request
from chalicelib.devices.schemas import Timestamp

Format = Literal["csv", "jsonl"]


class AskExport(Request, frozen=True, kw_only=True):
    """From when to when, both included; all that is kept without them."""

    from_: Timestamp | None = msgspec.field(default=None, name="from")
    to: Timestamp | None = None
    formats: Annotated[list[Format], msgspec.Meta(min_length=1, max_length=2)] = msgspec.field(
        default_factory=lambda: ["csv", "jsonl"]
    )


class ExportAnswer(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """Link and size are there once it is ready, the error when it failed; from is null without one."""

    export_id: str
    state: Literal["waiting", "running", "ready", "failed"]
    created_at: Iso
    from_: Iso | None = msgspec.field(name="from")
    to: Iso
    link: str | None = None
    link_expires_at: Iso | None = None
    bytes: int | None = None
    error: str | None = None
    success: bool = msgspec.field(default_factory=lambda: True)  # a factory: never left out as a default
