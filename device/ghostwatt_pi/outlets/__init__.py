"""Outlets: the cloud's commands and whether they are safe, the relays that carry them out, switching at the Pi."""
