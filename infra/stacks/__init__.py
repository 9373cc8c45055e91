"""Stacks compose; constructs create."""
