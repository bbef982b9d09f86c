"""Tests of the Pi's agent against a small cloud of their own; nothing here imports the real one."""
