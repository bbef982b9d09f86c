"""`ghostwatt-pi setup`: from a bare Raspberry Pi to a service."""
