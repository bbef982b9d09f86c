"""The Ghostwatt agent for a Raspberry Pi.

The way of a reading: meters/ -> agent.py -> spool.py -> courier.py -> cloud.py.
The way of a command: a device reply (wire.py) -> outlets.py -> relays.py.
"""

__version__ = "0.1.0"
