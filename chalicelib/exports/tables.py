"""The tables of an export: what each holds, and what each of its columns means, with units."""

from __future__ import annotations

from chalicelib.exports.reading_tables import READING_COLUMNS
from chalicelib.exports.readme import Described

DEVICE_COLUMNS = {
    "deviceId": "the device's public id",
    "name": "what you call it",
    "createdAt": "when it was paired",
    "lastSeen": "when it last called; empty if it never did",
    "online": "whether it was online when the export was made",
    "rawRetentionDays": "for how many days its readings are kept",
}
PORT_COLUMNS = {
    "portId": "the outlet's id, which names its tables",
    "deviceId": "its device",
    "name": "what you call it",
    "channel": "its place on the meter, 1 to 32",
    "kind": "what is plugged in",
    "thresholdWatts": "watts below which it counts as standby; empty: learned",
    "dwellSeconds": "how many seconds standby must last; empty: learned",
    "policy": "observe, notify or cut",
    "neverCut": "whether it must never be cut",
    "relay": "on or off, as it was wanted when the export was made",
}
SENSOR_COLUMNS = {
    "timestamp": "when it was measured, ISO 8601, UTC",
    "timestampMs": "the same as milliseconds since 1970-01-01T00:00:00Z",
    "sensor": "the sensor's name",
    "value": "what it said",
    "unit": "a guess from the name; empty where it tells nothing",
}
USAGE_COLUMNS = {
    "timestamp": "where the stretch begins, ISO 8601, UTC",
    "timestampMs": "the same as milliseconds since 1970-01-01T00:00:00Z",
    "seconds": "how long the stretch is; a day has 23 or 25 hours where the clock is changed",
    "wattHours": "watt-hours used",
    "inUseWattHours": "of these, while the appliance was in use",
    "standbyWattHours": "of these, in standby",
    "minWatts": "the least watts of a reading in it",
    "meanWatts": "mean watts over the seconds that were measured",
    "maxWatts": "the most watts of a reading in it",
    "coveredSeconds": "how many of the seconds were measured; gaps are not filled in",
}
EVENT_COLUMNS = {
    "eventId": "the event's id",
    "portId": "its outlet",
    "portName": "what the outlet was called then",
    "deviceId": "its device",
    "detectedPower": "mean watts of the standby that was found",
    "detectedAt": "when it was found",
    "startedAt": "when the standby began",
    "actionTaken": "auto_cut, notified or observed",
    "reason": "why",
    "outcome": "how far a cut came: sent, obeyed, confirmed, contradicted, refused or undone; empty without one",
    "endedAt": "when it ended; empty if it has not",
    "verdict": "what you said of it: right or wrong; empty if nothing",
}
NOTIFICATION_COLUMNS = {
    "notificationId": "the notification's id",
    "kind": "what it is about",
    "message": "what you were told",
    "at": "when",
    "read": "whether it was read",
    "portId": "the outlet it is about; empty if none",
    "deviceId": "the device it is about; empty if none",
}
SAVING_COLUMNS = {
    "eventId": "the phantom event whose cut it was",
    "portId": "its outlet",
    "portName": "what the outlet was called then",
    "from": "when the device had switched off",
    "to": "when it came on again; empty if it is off, or that is not known",
    "standbyWatts": "mean watts of the standby before the cut",
    "seconds": "how many seconds are counted, a day at most",
    "savedKwh": "kilowatt-hours saved",
    "savedMoney": "what they would have cost, in the account's currency",
    "endedBy": "restored, use, limit, open or unknown",
    "assumption": "what the figure rests on",
}
TABLES: tuple[Described, ...] = (
    ("devices", "Your devices.", DEVICE_COLUMNS),
    ("ports", "Your outlets.", PORT_COLUMNS),
    ("phantom-events", "Stretches of standby and what was done, newest first.", EVENT_COLUMNS),
    ("notifications", "What you were told, newest first.", NOTIFICATION_COLUMNS),
    ("savings", "What each cut has saved, newest first.", SAVING_COLUMNS),
    ("energy/PORT/5m, 1h, 1d", "What an outlet used, by five minutes (for 13 months), hour and day.", USAGE_COLUMNS),
    ("sensors/DEVICE", "What a device's free sensors said, a row for each value.", SENSOR_COLUMNS),
    ("readings/PORT/YYYY-MM-DD", "What an outlet's meter said, by UTC day, as it came.", READING_COLUMNS),
)
