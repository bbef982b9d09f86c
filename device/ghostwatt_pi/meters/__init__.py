"""Meters: an Arduino on a serial line, a recording, simulated appliances."""
