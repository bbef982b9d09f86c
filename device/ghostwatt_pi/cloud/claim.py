"""Pairing by a short code: the Pi shows it, a person types it on the page, and the Pi receives its key.

Source: RFC 8628.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ghostwatt_pi.cloud.backoff import Backoff
from ghostwatt_pi.cloud.errors import CloudAway, Refused
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.schemas import Claim

SLOW_DOWN_SECONDS = 5.0
"""RFC 8628, section 3.5."""
ALIVE_SECONDS = 30.0
"""How often the watchdog is served during a wait, which may be longer than the watchdog's time."""


class ClaimFailed(Exception):
    """The device was not paired; the text says why and what to do."""


@dataclass
class ClaimState:
    """What the local page shows while a claim is open."""

    claim: Claim | None = None


class Claimer:
    """Claims the device `device_id` and saves the key in `directory`. A key from the local page ends the claim too.

    Args:
        keep_readings: The readings that wait belong to the new owner too (see buffer/ownership.py).
        alive: Called during waits, for a watchdog.
        explain: Called before the first wait for a cloud that does not answer. It may raise ClaimFailed when waiting
            will not help.
    """

    def __init__(
        self,
        directory: DataDirectory,
        cloud: HttpClient,
        device_id: str,
        state: ClaimState,
        log: EventLog,
        stop: threading.Event,
        *,
        keep_readings: bool = False,
        alive: Callable[[], None] = lambda: None,
        explain: Callable[[], None] = lambda: None,
    ) -> None:
        self._directory, self._cloud, self._device_id = directory, cloud, device_id
        self._state, self._log, self._stop = state, log, stop
        self._keep_readings, self._alive, self._explain = keep_readings, alive, explain
        self._backoff = Backoff()
        self._away_since: float | None = None
        self._key_before = directory.read_key()

    def claim(self) -> bool:
        """Show codes until one is approved. False if `stop` was set first. Raises ClaimFailed."""
        try:
            while not self._stop.is_set():
                claim = self._start()
                if claim and self._poll(claim):
                    self._log("paired", deviceId=self._device_id)
                    return True
            return False
        finally:
            self._state.claim = None

    def _start(self) -> Claim | None:
        try:
            claim = self._cloud.start_claim(self._device_id)
        except CloudAway as error:
            self._wait_out(error)
            return None
        except Refused as refusal:
            raise ClaimFailed(_advice(refusal)) from refusal
        self._answered()
        self._state.claim = claim
        self._log(
            "claim",
            userCode=claim.user_code,
            verificationUri=claim.verification_uri,
            verificationUriComplete=claim.verification_uri_complete,
            expiresInSeconds=claim.expires_in_seconds,
        )
        return claim

    def _poll(self, claim: Claim) -> bool:
        """Poll until the code is approved (True) or expires (False)."""
        interval_seconds = claim.interval_seconds
        expires = time.monotonic() + claim.expires_in_seconds
        while time.monotonic() < expires and not self._wait(interval_seconds):
            if self._directory.read_key() != self._key_before:
                return True
            try:
                claimed = self._cloud.poll_claim(claim.device_code)
            except CloudAway as error:
                self._wait_out(error)
            except Refused as refusal:
                self._answered()
                if refusal.code == "slow_down":
                    interval_seconds += SLOW_DOWN_SECONDS
                elif refusal.code == "expired_token":
                    break
                elif refusal.code != "authorization_pending":
                    raise ClaimFailed(_advice(refusal)) from refusal
            else:
                self._answered()
                self._directory.save_key(
                    claimed.api_key, owner_tag=claimed.owner_tag, keep_readings=self._keep_readings
                )
                return True
        if not self._stop.is_set():
            self._log("claim_expired")
        return False

    def _wait_out(self, error: CloudAway) -> None:
        """Wait before the next call; log an outage when it begins."""
        if self._away_since is None:
            self._away_since = time.monotonic()
            self._log("away", error=str(error))
            self._explain()
        self._wait(self._backoff.next_seconds(error.retry_after_seconds))

    def _answered(self) -> None:
        """Note that the cloud answered; log the end of an outage."""
        self._backoff.reset()
        if self._away_since is not None:
            self._log("back", seconds=time.monotonic() - self._away_since)
            self._away_since = None

    def _wait(self, seconds: float) -> bool:
        """Wait while serving the watchdog; returns whether `stop` was set."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stop.is_set():
            self._alive()
            self._stop.wait(min(left, ALIVE_SECONDS))
        return self._stop.is_set()


def _advice(refusal: Refused) -> str:
    if refusal.code == "owned":
        return (
            "This device belongs to an account already. If it is yours, make a new key for it on the page (New key) and"
            " write it into the file api_key; releasing it there would end its history."
            " If it is second-hand, give it a new identity: ghostwatt-pi claim --new-identity"
        )
    if refusal.code == "access_denied":
        return "The claim was denied on the page. To try again: ghostwatt-pi claim"
    return f"The device cannot be claimed: {refusal}"
