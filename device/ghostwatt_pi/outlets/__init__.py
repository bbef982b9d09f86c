"""Outlets: what the cloud wants of them, what they do, and what switches them."""
