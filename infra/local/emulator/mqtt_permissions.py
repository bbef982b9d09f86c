"""Permissions of a client of the MQTT broker, from the policy documents that the authorizer of AWS IoT returns."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.emulator.lambda_context import LambdaContext


def allows(policies: Sequence[Mapping[str, Any]], action: str, thing: str) -> bool:
    """Whether these policies allow an action, for example iot:Publish, on a thing, for example topic/a/b."""
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in policy["Statement"]
        if _fits(statement["Action"], action) and _fits(statement["Resource"].split(":", 5)[5], thing)
    }
    return effects == {"Allow"}


def _fits(pattern: str, name: str) -> bool:
    """Only * stands for more than itself."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


LOG = logging.getLogger("ghostwatt.mqtt")

Authorizer = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Permissions:
    """The answer of the authorizer for a client, which is good until a time (monotonic seconds)."""

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


def ask_authorizer(authorizer: Authorizer, credentials: Mapping[str, str]) -> Permissions | None:
    """What one may do who signs in so; None if the authorizer refuses, or fails."""
    event = {"protocols": ["mqtt"], "protocolData": {"mqtt": dict(credentials)}, "signatureVerified": False}
    try:
        answer = authorizer(event, LambdaContext("mqtt_authorize"))
    except Exception:  # an authorizer that fails lets nobody in, as on AWS
        LOG.exception("the authorizer failed")
        return None
    if not answer["isAuthenticated"]:
        return None
    good_until = time.monotonic() + answer["refreshAfterInSeconds"]
    return Permissions(answer["principalId"], answer["policyDocuments"], good_until)
