"""Somebody else's code in a process that can reach nothing but its own files."""
