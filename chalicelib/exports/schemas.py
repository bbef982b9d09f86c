"""Exports in JSON, both ways."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.core.schemas import Answer, Iso, Request, Timestamp
from chalicelib.core.times import LATEST_MS, epoch_ms, iso
from chalicelib.exports.model import FORMATS, LINK_MS, Export, Format, State


class AskExport(Request, frozen=True, kw_only=True):
    """From when to when, both included; all that is kept without them."""

    from_: Timestamp | None = msgspec.field(default=None, name="from")
    to: Timestamp | None = None
    formats: Annotated[list[Format], msgspec.Meta(min_length=1, max_length=2)] = msgspec.field(
        default_factory=lambda: list(FORMATS)
    )


class ExportAnswer(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """Link and size are there once it is ready, the error when it failed; from is null without one."""

    export_id: str
    state: State
    created_at: Iso
    from_: Iso | None = msgspec.field(name="from")
    to: Iso
    link: str | None = None
    link_expires_at: Iso | None = None
    bytes: int | None = None
    error: str | None = None
    success: bool = msgspec.field(default_factory=lambda: True)  # a factory: never left out as a default


def span_ms(body: AskExport) -> tuple[int, int]:
    """Read the first and the last time of a request (epoch ms, both included).

    Raises:
        Invalid: One of them is no time; it names the field.
    """
    first_ms = 0 if body.from_ is None else epoch_ms(body.from_, "from")
    last_ms = LATEST_MS if body.to is None else epoch_ms(body.to, "to")
    return first_ms, last_ms


def export_answer(export: Export, link: str | None, now_ms: int) -> ExportAnswer:
    """Show an export, with the link to its file once it is ready."""
    return ExportAnswer(
        export_id=export.export_id,
        state=export.state(now_ms),
        created_at=iso(export.created_at_ms),
        from_=iso(export.first_ms) if export.first_ms else None,
        to=iso(export.last_ms),
        link=link,
        link_expires_at=iso(now_ms + LINK_MS) if link else None,
        bytes=export.bytes,
        error=export.error(now_ms),
    )
