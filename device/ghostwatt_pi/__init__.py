"""The Ghostwatt agent for a Raspberry Pi.

The way of a reading: meters/ -> agent/sampler.py -> spool/ -> agent/courier.py -> cloud/.
The way of a command: a device reply (wire.py) -> agent/agent.py -> outlets/outlets.py -> outlets/relays.py.
A person meets it in commands/ (cli.py), setup/ and local/, the Pi's own page.
"""

__version__ = "0.1.0"
