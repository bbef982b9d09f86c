"""What the Pi itself answers: its page, the calls that pair it, its metrics."""
