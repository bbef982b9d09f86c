"""Measures into the spool, and sends what is there: when, how much, and what to do when the cloud is away."""
