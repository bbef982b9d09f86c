"""Domain objects as the contract shows them: the one way from domain/ to wire/, for answers and for pushes alike.

Savings are apart (views.savings), so that a function without money does not load its rules.
"""

from chalicelib.views.devices import claim, command, device, device_reply, reply_fields, sensor_log
from chalicelib.views.events import notification, phantom_event
from chalicelib.views.history import point, usage_point
from chalicelib.views.ports import backtest, explanation, latest, port, relay

__all__ = [
    "backtest",
    "claim",
    "command",
    "device",
    "device_reply",
    "explanation",
    "latest",
    "notification",
    "phantom_event",
    "point",
    "port",
    "relay",
    "reply_fields",
    "sensor_log",
    "usage_point",
]
