"""Files that are made from facts stated elsewhere in the code, so that no fact is kept twice by hand.

`make generate` writes them; tests/unit/test_generated.py fails when one is stale. To add a file, write a function that
returns its text and list it in `files.py`.
"""
