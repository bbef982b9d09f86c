"""The contract as code: every request and answer as a strict msgspec Struct.

Requests refuse unknown fields and values out of range; answers all carry ``success``. JSON is camelCase,
units stand in names, fields ending in Ms are epoch milliseconds, every other time is ISO 8601 UTC.
"""
