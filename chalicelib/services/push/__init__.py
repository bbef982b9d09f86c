"""What is told at once: open pages, devices, notifications."""
