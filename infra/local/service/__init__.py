"""The stack as a service that starts with the PC, and its upgrade."""
