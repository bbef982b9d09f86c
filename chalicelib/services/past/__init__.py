"""What was recorded, read back: raw, summed up, or replayed under another rule."""
