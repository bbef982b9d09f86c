"""Measures into the buffer and sends from it: the loop, the measuring thread, the uploads and their schedule."""
