"""Finding the route of a path as API Gateway does, in Chalice's own route table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from chalice.app import RouteEntry

RouteTable = Mapping[str, Mapping[str, RouteEntry]]


@dataclass(frozen=True, slots=True)
class Match:
    """A route that a path belongs to: its pattern, its entries by method, and the values of the {names}."""

    pattern: str
    entries: Mapping[str, RouteEntry]
    path_parameters: Mapping[str, str]


class Routes:
    """All routes of an app. A fixed segment wins over a {name} in its place."""

    def __init__(self, table: RouteTable) -> None:
        self._table = table
        # "{" sorts after every letter, so sorted patterns try fixed segments first.
        self._patterns = [(pattern, pattern.split("/")) for pattern in sorted(table)]

    def match(self, raw_path: str) -> Match | None:
        """The route of a path as it came (percent-encoded, without stage); None for an unknown one."""
        segments = [unquote(segment) for segment in (raw_path.rstrip("/") or "/").split("/")]
        for pattern, pattern_segments in self._patterns:
            if len(pattern_segments) == len(segments) and all(map(_fits, pattern_segments, segments)):
                values = {
                    name[1:-1]: segment
                    for name, segment in zip(pattern_segments, segments, strict=True)
                    if _is_name(name)
                }
                return Match(pattern, self._table[pattern], values)
        return None


def _is_name(segment: str) -> bool:
    return segment.startswith("{")


def _fits(pattern_segments: str, segment: str) -> bool:
    return pattern_segments == segment or (_is_name(pattern_segments) and segment != "")
