"""The settings: which there are, how their values are written, and where they come from."""
