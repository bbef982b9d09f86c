"""The Ghostwatt agent for a Raspberry Pi.

The way of a reading: meters/ -> agent/sampler.py -> buffer/ -> agent/uploader.py -> cloud/.
The way of a relay command: a device reply (schemas.py) -> agent/agent.py -> outlets/outlets.py -> outlets/relays.py.
A person uses the command line (cli.py, commands/, setup/) and the Pi's own page (local/); event_log.py writes the log.
"""
