"""What a person has: an account, devices, outlets, and what was found there."""
