"""Subjects of mails: fixed by kind. The names that people give to devices and outlets stand in the text only.

A subject is what a stranger's mail program shows first, and whoever has the account chose those names.
"""

from __future__ import annotations

SUBJECTS = {
    "device_offline": "A device is offline",
    "device_flapping": "A device keeps losing its connection",
    "phantom": "Standby power found",
    "cut": "An outlet was cut",
    "cut_failed": "A cut did not work",
    "always_on": "An appliance is always on",
    "spool_dropped": "Readings were lost",
    "outlet_silent": "A meter is silent",
    "relay_failed": "A relay does not obey",
    "protected_off": "A protected outlet was switched off",
    "pairing_refused": "Somebody tried to pair a device of yours",
    "test": "This is a test",
}
"""By kind of notification. The weekly digest has its headline, which holds figures and no names."""


def subject_of(kind: str) -> str:
    """The subject of a mail about a notification of this kind."""
    return f"Ghostwatt: {SUBJECTS.get(kind, 'News of your home')}"
