"""What energy was used for, what it cost, and what cuts saved."""
