"""The sentence and the level of every event that the agent logs."""

from __future__ import annotations

from dataclasses import dataclass
from logging import DEBUG, ERROR, INFO, WARNING

NOTICE = 25
"""Between INFO and WARNING: normal but significant, as syslog's notice (syslog(3))."""
NO_OUTLET = "Channel {channel} has no outlet on the page yet: add one"


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence, whose names in braces are the event's fields, and how serious the event is."""

    text: str
    level: int = INFO


MESSAGES = {
    "claim": Message(
        "To pair this device, open {verificationUri} and enter {userCode}, or open {verificationUriComplete}", NOTICE
    ),
    "former_dropped": Message(
        "This device belonged to another person before: the {readings} readings that waited are dropped", WARNING
    ),
    "key_replaced": Message("A new key is in place; starting again", NOTICE),
    "claim_expired": Message("The code has expired. Here is a new one."),
    "paired": Message("Paired. This device is {deviceId}. Now add its outlets on the page.", NOTICE),
    "paired_already": Message(
        "This device, {deviceId}, is paired already, and the cloud accepts its key: nothing to do"
    ),
    "started": Message("{deviceId} sends to {api}"),
    "local_api": Message("Local page: {url}"),
    "lan_word": Message("To pair this device from the local network, type the word {word} into its page"),
    "local_api_off": Message("No local page: {error}", WARNING),
    "warning": Message("Warning: {text}", WARNING),
    "relay": Message("Outlet {channel} is {state}: {watts:.1f} W", NOTICE),
    "refused": Message("Outlet {channel} stays on: {reason}", WARNING),
    "relay_failed": Message("Outlet {channel} could not be switched: {error}", ERROR),
    "uploaded": Message("Sent {readings} readings", DEBUG),
    "rejected": Message("{readings} readings were refused ({code}) and are kept aside", ERROR),
    "dropped": Message("The buffer is full: the oldest readings are dropped, {total} so far", ERROR),
    "spool_damaged": Message(
        "The buffer was damaged: {saved} readings saved, {unreadable} places unreadable; see {path}", ERROR
    ),
    "time_guessed": Message("{readings} readings were measured without a clock: they are dated up to this start"),
    "no_outlet": Message(NO_OUTLET + "; its readings wait here until then"),
    "set_behind": Message("{readings} readings failed {tries} times ({error}); the others go first", WARNING),
    "call_failed": Message("A call to the cloud failed ({error})", DEBUG),
    "away": Message("The cloud cannot be reached ({error}); readings are kept until it can", WARNING),
    "back": Message("The cloud is back after {seconds:.0f} s", NOTICE),
    "key_refused": Message("The cloud refuses this device's key. Pair it again: ghostwatt-pi claim", ERROR),
    "key_lost": Message(
        "The key in {path} was damaged. Make a new key for this device on the page (New key) and write it into"
        " that file; its history and what waits here stay. Measuring goes on meanwhile",
        ERROR,
    ),
    "meter_silent": Message("No reading of {what} for {seconds:.0f} s: see ghostwatt-pi doctor", ERROR),
    "meter_speaks": Message("Readings of {what} come again", NOTICE),
    "disk_full": Message(
        "{path} cannot be written ({error}; {freeMb} MB free): make room. The agent goes on without it meanwhile", ERROR
    ),
    "disk_works": Message("{path} can be written again", NOTICE),
    "file_damaged": Message("{path} is damaged ({error}): it is renamed to {aside}, and not used", ERROR),
    "meter_lost": Message("The meter cannot be read ({error}); trying again", ERROR),
    "meter_back": Message("The meter is back", NOTICE),
    "bad_lines": Message("{count} lines of the meter were not readings; the last: {line} ({why})", WARNING),
    "bad_lines_over": Message("The meter's lines are good again; {count} were not"),
    "safe_state": Message("Outlet {channel} is {state} now, its safe state after a {why}"),
    "home_assistant_away": Message("Home Assistant's broker cannot be reached ({error}); trying again"),
    "home_assistant_back": Message("Home Assistant's broker is back"),
    "wrong_baud": Message("{count} lines of the meter in a row cannot be read: is {baud} its baud rate?", WARNING),
    "finished": Message(
        "Sent {sent} readings: {stored} stored, {duplicate} there already, {rejected} refused, {waiting} left"
    ),
}
"""By event name. Names and fields are a contract with parent processes; the sentences may change."""
