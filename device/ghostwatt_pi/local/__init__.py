"""What the Pi serves on the local network: its page, pairing, metrics, Home Assistant; and the state they show."""
