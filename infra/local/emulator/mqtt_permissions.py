"""What a client of the MQTT broker may do: the authorizer of AWS IoT says it, and is asked again when that runs out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.emulator.iot_policy import allows
from infra.local.emulator.lambda_context import LambdaContext

LOG = logging.getLogger("ghostwatt.mqtt")

Authorizer = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rights:
    """What the authorizer said of a client, and until when (monotonic seconds) it need not be asked again."""

    principal: str
    policies: Sequence[Mapping[str, Any]]
    good_until: float

    def allow(self, action: str, thing: str) -> bool:
        """Whether the client may do this."""
        return allows(self.policies, action, thing)

    def allow_publish(self, topic: str, *, retain: bool) -> bool:
        """Whether it may publish there; that a message is retained is a right of its own, as on AWS."""
        thing = f"topic/{topic}"
        return self.allow("iot:Publish", thing) and (not retain or self.allow("iot:RetainPublish", thing))


def ask(authorizer: Authorizer, said: Mapping[str, str]) -> Rights | None:
    """What one may do who signs in so; None if the authorizer refuses, or fails."""
    event = {"protocols": ["mqtt"], "protocolData": {"mqtt": dict(said)}, "signatureVerified": False}
    try:
        answer = authorizer(event, LambdaContext("mqtt_authorize"))
    except Exception:  # an authorizer that fails lets nobody in, as on AWS
        LOG.exception("the authorizer failed")
        return None
    if not answer["isAuthenticated"]:
        return None
    good_until = time.monotonic() + answer["refreshAfterInSeconds"]
    return Rights(answer["principalId"], answer["policyDocuments"], good_until)
