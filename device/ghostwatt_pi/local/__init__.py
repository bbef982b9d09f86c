"""Shows the agent at home: the local page with pairing, metrics, Home Assistant, and the state that they all read."""
