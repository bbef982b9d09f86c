"""The functions that AWS calls. It loads each of them without app.py, so this package connects the subscribers."""

from chalicelib.core.event_bus import subscribe
from chalicelib.entrypoints.subscribers import run_subscribers

subscribe(run_subscribers)
