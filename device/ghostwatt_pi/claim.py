"""Pairing by a short code: the Pi shows it, a person types it on the page, the Pi receives its key (RFC 8628)."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from ghostwatt_pi.backoff import Backoff
from ghostwatt_pi.cloud import Cloud, CloudAway, Refused
from ghostwatt_pi.home import Home
from ghostwatt_pi.tell import Tell
from ghostwatt_pi.wire import Claim

SLOW_DOWN_SECONDS = 5.0
"""RFC 8628, section 3.5."""


class ClaimFailed(Exception):
    """The device was not paired; the text says why and what to do."""


@dataclass
class ClaimState:
    """What the local page shows while a claim is open."""

    claim: Claim | None = None


class Claimer:
    """Claims the device `device_id` and keeps the key in `home`.

    It also ends when a key comes another way, which is the local page.
    """

    def __init__(
        self, home: Home, cloud: Cloud, device_id: str, state: ClaimState, tell: Tell, stop: threading.Event
    ) -> None:
        self._home, self._cloud, self._device_id = home, cloud, device_id
        self._state, self._tell, self._stop = state, tell, stop
        self._backoff = Backoff()
        self._key_before = home.read_key()

    def claim(self) -> bool:
        """Show codes until one is approved. False if `stop` was set first. Raises ClaimFailed."""
        try:
            while not self._stop.is_set():
                claim = self._start()
                if claim and self._poll(claim):
                    self._tell("paired", deviceId=self._device_id)
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
        self._backoff.reset()
        self._state.claim = claim
        self._tell(
            "claim",
            userCode=claim.user_code,
            verificationUri=claim.verification_uri,
            verificationUriComplete=claim.verification_uri_complete,
            expiresInSeconds=claim.expires_in_seconds,
        )
        return claim

    def _poll(self, claim: Claim) -> bool:
        """Ask until the code is approved (True) or expires (False)."""
        interval_seconds = claim.interval_seconds
        expires = time.monotonic() + claim.expires_in_seconds
        while time.monotonic() < expires and not self._stop.wait(interval_seconds):
            if self._home.read_key() != self._key_before:
                return True
            try:
                api_key = self._cloud.poll_claim(claim.device_code)
            except CloudAway as error:
                self._wait_out(error)
            except Refused as refusal:
                if refusal.code == "slow_down":
                    interval_seconds += SLOW_DOWN_SECONDS
                elif refusal.code == "expired_token":
                    break
                elif refusal.code != "authorization_pending":
                    raise ClaimFailed(_advice(refusal)) from refusal
            else:
                self._home.save_key(api_key)
                return True
        if not self._stop.is_set():
            self._tell("claim_expired")
        return False

    def _wait_out(self, error: CloudAway) -> None:
        self._tell("away", error=str(error))
        self._stop.wait(self._backoff.next_seconds(error.retry_after_seconds))


def _advice(refusal: Refused) -> str:
    if refusal.code == "owned":
        return (
            "This device belongs to an account already. If it is yours, release it on the page first."
            " If it is second-hand, give it a new identity: ghostwatt-pi claim --new-identity"
        )
    if refusal.code == "access_denied":
        return "The claim was denied on the page. To try again: ghostwatt-pi claim"
    return f"The device cannot be claimed: {refusal}"
