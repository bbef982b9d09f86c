"""Domain objects as the contract shows them: the one way from domain/ to wire/, for answers and for pushes alike.

Savings are apart (views.savings), so that a function without money does not load its rules.
"""

from chalicelib.devices.serializers import claim, command, device, device_reply, reply_fields

__all__ = [
    "claim",
    "command",
    "device",
    "device_reply",
    "reply_fields",
]
