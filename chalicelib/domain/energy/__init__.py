"""Energy from readings: what an outlet used in a stretch of time, in whole microjoules (one milliwatt-millisecond)."""
