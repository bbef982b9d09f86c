"""Domain objects as the contract shows them: the one way from domain/ to wire/, for answers and for pushes alike.

Savings are apart (views.savings), so that a function without money does not load its rules.
"""

from chalicelib.devices.serializers import claim, command, device, device_reply, reply_fields
from chalicelib.notifications.serializers import phantom_event
from chalicelib.ports.serializers import backtest, explanation, latest, port, relay

__all__ = [
    "backtest",
    "claim",
    "command",
    "device",
    "device_reply",
    "explanation",
    "latest",
    "phantom_event",
    "port",
    "relay",
    "reply_fields",
]
