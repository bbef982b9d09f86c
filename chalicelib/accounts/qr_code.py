"""QR codes for the page to draw."""

from __future__ import annotations


def rows(text: str) -> list[str]:
    """A text as a QR code: a string for each row, 1 for a dark module and 0 for a light one, without the margin."""
    import segno  # noqa: PLC0415 - who sets up two-step log-in needs it, and no other call

    return ["".join(map(str, row)) for row in segno.make(text, error="m", micro=False).matrix]
