"""The order of a list of devices that is read page by page while its devices go on calling.

The list is that of the moment of its first page, the device that called last first. A device that has called once since
then keeps its place, since its call before that is known: it is neither skipped nor shown twice. One that has called
twice comes at the end: it may be shown a second time, but is not skipped. Calls are noted a minute apart, so that this
needs a minute between the first page and a later one.
"""

from __future__ import annotations

from dataclasses import dataclass

AT_THE_END = -1
"""In place of the time of the last call, where nobody knows any more what it was."""


@dataclass(frozen=True, slots=True)
class Calls:
    """When a device last called, and the time before that (epoch ms, None for never)."""

    device_id: str
    last_ms: int | None
    previous_ms: int | None

    def place(self, as_of_ms: int) -> Place:
        """Where the device stood at a moment."""
        if self.last_ms is None or self.last_ms <= as_of_ms:
            return Place(self.last_ms or 0, self.device_id)
        if self.previous_ms is None or self.previous_ms <= as_of_ms:
            return Place(self.previous_ms or 0, self.device_id)
        return Place(AT_THE_END, self.device_id)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list: the time of a device's last call (0 for never), and its id."""

    seen_ms: int
    device_id: str

    @property
    def key(self) -> tuple[int, str]:
        """What places are sorted by."""
        return -self.seen_ms, self.device_id


def after(calls: list[Calls], as_of_ms: int, place: Place | None) -> list[Place]:
    """The places behind one, in order; all of them without one."""
    places = sorted((each.place(as_of_ms) for each in calls), key=lambda each: each.key)
    return places if place is None else [each for each in places if each.key > place.key]
