"""What differs between Linux, macOS and Windows. No other module asks which of them it runs on.

Type checkers read these modules once for each of the three (`make types`), so that a call that one of them lacks is
found without that system.
"""
