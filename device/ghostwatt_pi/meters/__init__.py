"""Where measurements come from: a serial line, a recording, a simulated appliance."""
