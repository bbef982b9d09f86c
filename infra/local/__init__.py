"""The whole of Ghostwatt in one process on one PC: the same app, driven as AWS would drive it."""
