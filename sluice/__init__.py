"""Sluice: MLOps with nothing running."""

__version__ = "0.1.0"
