"""The commands of `ghostwatt-pi`."""
